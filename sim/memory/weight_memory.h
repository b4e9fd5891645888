// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "sim/memory/on_chip_memory.h"

namespace heddle::memory {

// The loads that the weight memory holds, and when there is room for the next.
class WeightMemory {
 public:
  struct Load {
    Bytes room;
    std::uint32_t last_item = 0;  // the last work that needs it
    std::uint32_t layer = 0;
    std::uint32_t block = 0;  // of the layer; without double buffering, one block is held at a time
  };

  explicit WeightMemory(const OnChipMemory& memory) : memory_(memory) {}

  // Takes a load in and drops those that are needed no longer first where it needs their room. Returns the
  // number of items that must be computed before the load may start.
  std::uint32_t take(const Load& load);
  // Empties the memory before the item with which the next sample begins.
  void clear(std::uint32_t next_item);

 private:
  struct IsNeededLonger {
    bool operator()(const Load& a, const Load& b) const { return a.last_item > b.last_item; }
  };
  [[nodiscard]] bool must_go(const Load& oldest, const Load& load) const {
    if (held_ + load.room > memory_.capacity) return true;
    return !memory_.is_double_buffered && (oldest.layer != load.layer || oldest.block != load.block);
  }

  OnChipMemory memory_;
  std::priority_queue<Load, std::vector<Load>, IsNeededLonger> loads_;
  Bytes held_;
  std::uint32_t after_ = 0;
};

}  // namespace heddle::memory
