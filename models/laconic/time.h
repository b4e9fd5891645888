// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/laconic/work.h"

namespace heddle::models::laconic {

// How long a block takes, and what its present lanes spend while their own element is at a step.
struct Time {
  std::vector<Cycles> passes;
  std::uint64_t cycles = 0;
  // Lane-cycles in which lanes that have a filter, a window and a channel work or wait.
  std::uint64_t present_lane_cycles = 0;
  std::uint64_t column_cycles = 0;  // fully connected layers: cycles in which a column works on a brick
};

// All rows and columns of all tiles step together.
Time barrier_time(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block);
// Operand queues of `depth` bricks per row and column; every tile has its own.
Time queue_time(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block,
                std::uint32_t depth);
// Fully connected: the bricks of all passes go to the columns in turn.
Time round_robin_time(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block);

}  // namespace heddle::models::laconic
