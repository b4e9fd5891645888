// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/rounds.h"

#include <algorithm>

namespace heddle::pricing {

Rounds::Rounds(const arch::LayerInput& input, const arch::Block& block)
    : block_(&block), turns_(block.passes.size()) {
  const auto are_apart = [&](std::uint32_t a, std::uint32_t b) {
    if (input.mapping.step_order == arch::StepOrder::passes_first) return true;
    const auto& passes = input.mapping.passes;
    return !input.lowered.is_parallel_groups && passes[a].front().group != passes[b].front().group;
  };
  for (auto first = block.passes.begin(); first != block.passes.end();) {
    const auto last =
        std::find_if(first + 1, block.passes.end(), [&](auto p) { return are_apart(*first, p); });
    const auto at = static_cast<std::size_t>(first - block.passes.begin());
    const auto count = static_cast<std::size_t>(last - first);
    std::fill_n(turns_.begin() + (first - block.passes.begin()), count, Turn{at, count});
    first = last;
  }
}

}  // namespace heddle::pricing
