// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/arch/accelerator.h"
#include "sim/base/error.h"
#include "sim/hw/bit_true/array.h"

namespace heddle::run {

template <class Body>
void for_each_output(const arch::Mapping& mapping, const arch::Block& block, Body body) {
  for (const auto p : block.passes) {
    for (const auto& set : mapping.passes[p]) {
      for (std::uint32_t f = 0; f < set.filters; ++f) {
        for (const auto w : block.window_sets) {
          const auto& windows = mapping.window_sets[w];
          for (std::uint32_t i = 0; i < windows.count; ++i) body(set.first_filter + f, windows.first + i);
        }
      }
    }
  }
}

// An output is wrong. Streams the same block again with all weights of the filter but those of one step,
// then of one lane, set to zero, until step and lane are known; returns the error to throw. Slow, and
// only ever run when something is broken.
Error locate_fault(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
                   std::uint32_t filter, std::uint64_t window, std::int64_t got, std::int64_t exact);

}  // namespace heddle::run
