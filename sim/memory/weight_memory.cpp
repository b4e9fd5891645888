// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/weight_memory.h"

#include <algorithm>

namespace heddle::memory {

std::uint32_t WeightMemory::take(const Load& load) {
  while (!loads_.empty() && must_go(loads_.top(), load)) {
    after_ = std::max(after_, loads_.top().last_item + 1);
    held_ -= loads_.top().room;
    loads_.pop();
  }
  loads_.push(load);
  held_ += load.room;
  return after_;
}

void WeightMemory::clear(std::uint32_t next_item) {
  loads_ = {};
  held_ = Bytes(0);
  after_ = next_item;
}

}  // namespace heddle::memory
