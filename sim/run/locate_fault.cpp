// SPDX-License-Identifier: Apache-2.0
#include "sim/run/locate_fault.h"

#include <fmt/format.h>

#include "sim/base/nearest.h"

namespace heddle::run {
namespace {

std::int64_t lane_product(const arch::LayerInput& input, std::uint32_t filter, std::uint64_t window,
                          std::uint32_t step, std::uint32_t lane) {
  std::uint32_t group = 0;
  while (filter >= input.lowered.groups[group].first_filter + input.lowered.groups[group].filters) ++group;
  const auto brick =
      input.activations->brick(workload::brick_index(*input.activations, input.lowered, group, window, step));
  return std::int64_t{brick[lane]} * input.weights->brick(filter, step)[lane];
}

// What the array makes of one lane's product of one step alone.
std::int64_t lane_alone(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
                        std::uint32_t filter, std::uint64_t window, std::uint32_t step, std::uint32_t lane) {
  workload::WeightBricks masked = *input.weights;
  masked.keep_only(filter, step, lane);
  arch::LayerInput probe = input;
  probe.weights = &masked;
  hw::Reducer reducer;
  array.execute(probe, block, reducer);
  return reducer.sum(filter, window);
}

// The block cut down to the pass and window set in which the output lies.
arch::Block around(const arch::Mapping& mapping, const arch::Block& block, std::uint32_t filter,
                   std::uint64_t window) {
  arch::Block out;
  for (const auto p : block.passes) {
    for (const auto& set : mapping.passes[p]) {
      if (filter >= set.first_filter && filter < set.first_filter + set.filters) out.passes = {p};
    }
  }
  for (const auto w : block.window_sets) {
    const auto& set = mapping.window_sets[w];
    if (window >= set.first && window < set.first + set.count) out.window_sets = {w};
  }
  return out;
}

}  // namespace

Error locate_fault(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
                   std::uint32_t filter, std::uint64_t window, std::int64_t got, std::int64_t exact) {
  std::string place = "no single lane is wrong on its own";
  const arch::Block small = around(input.mapping, block, filter, window);
  for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
    bool found = false;
    for (std::uint32_t lane = 0; lane < arch::kLanes && !found; ++lane) {
      const std::int64_t product = lane_product(input, filter, window, step, lane);
      const std::int64_t alone = lane_alone(array, input, small, filter, window, step, lane);
      if (alone == product) continue;
      place = fmt::format("step {}, lane {}: the product is {}, the element makes it {}", step, lane, product,
                          alone);
      found = true;
    }
    if (found) break;
  }
  return {ErrorKind::internal, "layer " + in_quotes(input.layer.id),
          fmt::format("filter {}, window {}: the bit-true array computed {}, integer arithmetic gives {}; {}",
                      filter, window, got, exact, place)};
}

}  // namespace heddle::run
