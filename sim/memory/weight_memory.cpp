// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/weight_memory.h"

#include <algorithm>

namespace heddle::memory {

std::uint32_t WeightMemory::take(const Load& load) {
  while (!loads_.empty() && must_go(loads_.front(), load)) {
    after_ = std::max(after_, loads_.front().last_item + 1);
    held_ -= loads_.front().room;
    loads_.pop_front();
  }
  loads_.push_back(load);
  held_ += load.room;
  return after_;
}

void WeightMemory::clear(std::uint32_t next_item) {
  loads_.clear();
  held_ = Bytes(0);
  after_ = next_item;
}

}  // namespace heddle::memory
