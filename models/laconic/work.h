// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/laconic/laconic.h"
#include "sim/pricing/dispatch_groups.h"

namespace heddle::models::laconic {

// The work of a block's lanes, without their waiting. The sums are exact and take linear time, because
//   sum over filters i and windows j of w(i) * a(j) = (sum of w(i)) * (sum of a(j)).
struct Work {
  // max(1, nW * nA) of every lane that has a filter, a window and a channel; and of those among them in which
  // folding extends the kernel with a zero.
  std::uint64_t busy_lane_cycles = 0;
  std::uint64_t folding_lane_cycles = 0;
  std::uint64_t term_pairs = 0;     // weight terms x activation terms of every product
  std::uint64_t element_steps = 0;  // steps of elements that have a filter and a window
};
// `elements` make one product (composition); each counts lanes of its own.
Work count_work(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block,
                std::uint64_t elements);

// Lanes with a channel that exists, of all rows of a dispatch group together, in one step.
std::uint32_t present_row_lanes(const workload::LoweredLayer& layer, const pricing::DispatchGroup& tiles,
                                std::uint32_t step);

// Elementwise maxima over the filters of a dispatch group of the pass, [step][lane].
std::vector<std::uint8_t> weight_maxima(const arch::LayerInput& input, const PreparedTerms& prepared,
                                        const arch::Pass& pass, const pricing::DispatchGroup& tiles);
// Elementwise maxima over the windows of a set, [step][lane].
std::vector<std::uint8_t> activation_maxima(const arch::LayerInput& input, const PreparedTerms& prepared,
                                            std::uint32_t group, const arch::WindowSet& set);

}  // namespace heddle::models::laconic
