// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/error.h"

namespace heddle::kernel {

// Fully connected layers on arrays without a weight cascade (Stripes, DPRed without the FC extension,
// Pragmatic, Bit-Tactical, Laconic; DNNsim has the same rule): bricks go to the columns in turn, at most one
// per cycle, each as soon as its column is free:
//   now = max(now, busy[c]); busy[c] = now + t; now += 1; c = next
class RoundRobin {
 public:
  // columns > 0.
  explicit RoundRobin(std::size_t columns) : busy_(columns) {
    HEDDLE_CHECK(columns > 0, "round-robin issue needs a column");
  }

  // The next brick, of `cycles` cycles.
  void issue(std::uint64_t cycles) {
    std::uint64_t& busy = busy_[column_];
    now_ = std::max(now_, busy);
    busy = now_ + cycles;
    finish_ = std::max(finish_, busy);
    ++now_;
    column_ = column_ + 1 == busy_.size() ? 0 : column_ + 1;
  }

  void issue_all(std::span<const std::uint8_t> brick_cycles) {
    for (const std::uint8_t cycles : brick_cycles) issue(cycles);
  }

  // When the last column is done: the cycles of the layer.
  [[nodiscard]] std::uint64_t finish_cycles() const { return finish_; }

 private:
  std::vector<std::uint64_t> busy_;
  std::size_t column_ = 0;
  std::uint64_t now_ = 0;
  std::uint64_t finish_ = 0;
};

// The same for `bricks` bricks of `cycles` cycles each. One round over all columns takes max(columns,
// cycles); the last brick issued is the last to end. With cycles <= columns this is bricks + cycles - 1.
constexpr std::uint64_t round_robin_cycles(std::uint64_t bricks, std::uint64_t columns,
                                           std::uint64_t cycles) {
  if (bricks == 0) return 0;
  return (bricks - 1) / columns * std::max(columns, cycles) + (bricks - 1) % columns + cycles;
}

}  // namespace heddle::kernel
