// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace heddle::kernel {

// Fully connected layers without a weight cascade (specs/accelerators, section 2): bricks go to the columns
// round-robin, one issue a cycle, each keeping its column busy for `brick_cycles`. Returns max busy.
//
// Why: with t <= columns a column is free again before its turn; with t > columns each round of `columns`
// bricks starts t after the one before. Zero bricks take zero cycles.
constexpr std::uint64_t round_robin_cycles(std::uint64_t bricks, std::uint64_t columns, std::uint64_t brick_cycles) {
  if (bricks == 0) return 0;
  const std::uint64_t last = bricks - 1;
  const std::uint64_t start = brick_cycles <= columns ? last : last / columns * brick_cycles + last % columns;
  return start + brick_cycles;
}

}  // namespace heddle::kernel
