// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/arch/accelerator.h"

namespace heddle::pricing {

// A pass on a window set: all steps of the pass run for that window set.
struct Round {
  std::uint32_t pass = 0;  // of the mapping, as in the block
  std::uint32_t window_set = 0;
};

// A block's passes x window sets in the order they run (mapping step_order). Groups that run one after
// another do so in either step order. The block must outlive this.
class Rounds {
 public:
  Rounds() = default;
  Rounds(const arch::LayerInput& input, const arch::Block& block);

  [[nodiscard]] std::size_t size() const { return turns_.size() * block_->window_sets.size(); }
  [[nodiscard]] Round operator[](std::size_t index) const {
    const std::size_t sets = block_->window_sets.size();
    const Turn turn = turns_[index / sets];
    const std::size_t at = index - turn.first * sets;
    return {block_->passes[turn.first + at % turn.passes], block_->window_sets[at / turn.passes]};
  }

 private:
  // Passes that take turns on every window set.
  struct Turn {
    std::size_t first = 0, passes = 0;
  };
  const arch::Block* block_ = nullptr;
  std::vector<Turn> turns_;  // [pass of the block]
};

}  // namespace heddle::pricing
