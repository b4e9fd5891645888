// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/memory/blocking.h"

namespace heddle::memory {

// A stretch of weights, loaded before the first piece that needs it and held until the last has ended.
// Stretches are numbered within the layer, in the order in which they are loaded.
struct WeightLoad {
  std::uint32_t number = 0;
  std::uint32_t block = 0;  // the weight memory holds all stretches of a block at the same time
};
// What a piece reads of the input that no earlier piece of its block has read.
struct InputLoad {
  std::uint32_t block = 0;  // the activation memory holds all lines of a block at the same time
  std::uint64_t first_line = 0;
  std::uint64_t line_groups = 0;
  std::uint64_t kept_line_groups = 0;  // of the input that stays on chip from here on
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
  // Partial sums stay in the array where the piece before or after works on the same window set.
  bool takes_sums_over = false;
  bool hands_sums_over = false;
};

// All pieces of a layer in the order of execution.
std::vector<Piece> pieces_of(const Blocking& blocking, const LayerShape& shape);

// By the number of a stretch of weights, or of a block of the input: the last piece that needs it.
std::vector<std::uint32_t> last_users_of_weights(const std::vector<Piece>& pieces);
std::vector<std::uint32_t> last_users_of_input(const std::vector<Piece>& pieces);

// Cycles [begin, end) of a pass that takes `cycles`.
struct CycleRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
// What a piece takes of its pass, where a pass of a block of windows takes `cycles`.
CycleRange cycles_of(const Piece& piece, const Blocking& blocking, const LayerShape& shape,
                     std::uint64_t cycles);

// The parts of a layer that the array starts and ends drained, in the order of execution.
std::vector<arch::Block> blocks_of(const Blocking& blocking, const LayerShape& shape);

// Window sets of a block.
Range window_block(const Blocking& blocking, const LayerShape& shape, std::uint32_t index);

}  // namespace heddle::memory
