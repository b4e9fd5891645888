// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/memory/blocking.h"

namespace heddle::memory {

// Loads of one kind are numbered within the layer, in the order in which they come. Pieces with the same
// number share one load, which is made for the first of them.
struct WeightLoad {
  std::uint32_t number = 0;
  std::uint32_t block = 0;  // the weight memory holds all loads of a block at the same time
};
struct InputLoad {
  std::uint32_t number = 0;
  Extent lines;
  std::uint64_t groups = 0;  // of each line
};

// A stretch of one pass that needs nothing new once it has started.
struct Piece {
  std::uint32_t pass = 0;
  Range sets;    // window sets
  Range bricks;  // of the reduction
  // The cost that it belongs to: a block of blocks_of() and a pass of that block.
  std::uint32_t block = 0;
  std::uint32_t pass_in_block = 0;
  WeightLoad weights = {};
  InputLoad input = {};
};

// All pieces of a layer in the order of execution.
std::vector<Piece> pieces_of(const Blocking& blocking, const LayerShape& shape);

// The first and the last piece that need a load: it is made before the first, and its room is free after the
// last.
struct LoadUsers {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};
// By the number of the load.
std::vector<LoadUsers> weight_load_users(const std::vector<Piece>& pieces);
std::vector<LoadUsers> input_load_users(const std::vector<Piece>& pieces);

// The share of a piece in the cost of its pass.
Parts parts_of_pass(const Piece& piece, const Blocking& blocking, const LayerShape& shape);

// The parts of a layer that the array starts and ends drained, in the order of execution: one where the order
// is `whole`, otherwise one per pair of filter block and window block.
std::vector<arch::Block> blocks_of(const Blocking& blocking, const LayerShape& shape);

}  // namespace heddle::memory
