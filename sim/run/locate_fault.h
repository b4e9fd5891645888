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

// An output of the bit-true array that integer arithmetic contradicts; `window` is numbered as in the
// mapping.
struct WrongOutput {
  std::uint32_t filter = 0;
  std::uint64_t window = 0;
  std::int64_t got = 0;
  std::int64_t exact = 0;
};

// The error to throw for a wrong output: names layer, pass, window set, filter, window, and the step and lane
// whose product makes the sum wrong. Runs the array again with the filter's weights set to zero from some
// lane of some step on, and halves the range until one lane remains: about log2(16 * steps) runs of the
// output's pass and window set.
Error locate_fault(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
                   const WrongOutput& wrong);

// The error to throw where array and counting path disagree on the cycles of a block: names layer, both
// counts, and the first pass and window set whose cycles differ when they run alone.
Error locate_delay(hw::BitTrueArray& array, const arch::Accelerator& accelerator,
                   const arch::LayerInput& input, const arch::Block& block, Cycles computed, Cycles counted);

}  // namespace heddle::run
