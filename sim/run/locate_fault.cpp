// SPDX-License-Identifier: Apache-2.0
#include "sim/run/locate_fault.h"

#include <string>

#include <fmt/format.h>

#include "sim/base/nearest.h"

namespace heddle::run {
namespace {

// The block cut down to the pass and window set in which the output lies.
arch::Block around(const arch::Mapping& mapping, const arch::Block& block, const WrongOutput& wrong) {
  arch::Block out;
  for (const auto p : block.passes) {
    for (const auto& set : mapping.passes[p]) {
      if (wrong.filter >= set.first_filter && wrong.filter < set.first_filter + set.filters) out.passes = {p};
    }
  }
  for (const auto w : block.window_sets) {
    const auto& set = mapping.window_sets[w];
    if (wrong.window >= set.first && wrong.window < set.first + set.count) out.window_sets = {w};
  }
  return out;
}

// One output of the array, computed from a part of its filter's weights; the others are zero. Weights are
// numbered step * 16 + lane.
class PartialSums {
 public:
  PartialSums(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
              const WrongOutput& wrong)
      : array_(array), input_(input), block_(block), wrong_(wrong) {
    while (wrong.filter >= input.lowered.groups[group_].first_filter + input.lowered.groups[group_].filters)
      ++group_;
  }

  [[nodiscard]] std::uint32_t weights() const { return input_.mapping.steps * arch::kLanes; }
  // What the array computes from weights [first, last).
  [[nodiscard]] std::int64_t computed(std::uint32_t first, std::uint32_t last) const {
    workload::WeightBricks masked = *input_.weights;
    masked.keep_range(wrong_.filter, first, last);
    arch::LayerInput probe = input_;
    probe.weights = &masked;
    hw::Reducer reducer;
    array_.execute(probe, block_, reducer);
    return reducer.sum(wrong_.filter, wrong_.window);
  }
  [[nodiscard]] std::int64_t exact(std::uint32_t first, std::uint32_t last) const {
    std::int64_t sum = 0;
    for (std::uint32_t i = first; i < last; ++i) {
      const std::uint32_t step = i / arch::kLanes;
      const auto brick = input_.activations->brick(
          workload::brick_index(*input_.activations, input_.lowered, group_, wrong_.window, step));
      sum += std::int64_t{brick[i % arch::kLanes]} *
             input_.weights->brick(wrong_.filter, step)[i % arch::kLanes];
    }
    return sum;
  }
  [[nodiscard]] bool is_exact(std::uint32_t last) const { return computed(0, last) == exact(0, last); }

 private:
  hw::BitTrueArray& array_;
  const arch::LayerInput& input_;
  const arch::Block& block_;
  WrongOutput wrong_;
  std::uint32_t group_ = 0;
};

// The step and lane whose product makes the sum wrong, and what the array computes from that product alone.
std::string lane_of(const PartialSums& sums) {
  if (!sums.is_exact(0)) {
    return fmt::format("no product is wrong: with all weights of the filter at zero the array computes {}",
                       sums.computed(0, 0));
  }
  if (sums.is_exact(sums.weights())) return "its pass and window set, run alone, compute it right";
  // The sum of the first `right` products is right, that of the first `wrong` is not.
  std::uint32_t right = 0;
  std::uint32_t wrong = sums.weights();
  while (wrong - right > 1) {
    const std::uint32_t middle = right + (wrong - right) / 2;
    (sums.is_exact(middle) ? right : wrong) = middle;
  }
  const std::int64_t alone = sums.computed(right, wrong);
  const std::int64_t product = sums.exact(right, wrong);
  const std::string place = fmt::format("step {}, lane {}: ", right / arch::kLanes, right % arch::kLanes);
  if (alone != product)
    return place + fmt::format("the product is {}, the element makes it {}", product, alone);
  return place + fmt::format(
                     "its product {} is right alone, but the sum of the products up to it is {} and the "
                     "element makes it {}",
                     product, sums.exact(0, wrong), sums.computed(0, wrong));
}

}  // namespace

Error locate_fault(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
                   const WrongOutput& wrong) {
  const arch::Block small = around(input.mapping, block, wrong);
  const auto at = input.lowered.window_at(wrong.window);
  const std::string lane = lane_of(PartialSums(array, input, small, wrong));
  return {
      ErrorKind::internal, "layer " + in_quotes(input.layer.id),
      fmt::format("pass {}, window set {}, filter {}, window {} (row {}, column {}): the bit-true array "
                  "computed {}, integer arithmetic gives {}; {}",
                  small.passes.front(), small.window_sets.front(), wrong.filter,
                  input.lowered.row_major_window(wrong.window), at.y, at.x, wrong.got, wrong.exact, lane)};
}

Error locate_delay(hw::BitTrueArray& array, const arch::Accelerator& accelerator,
                   const arch::LayerInput& input, const arch::Block& block, Cycles computed, Cycles counted) {
  const auto prepared = accelerator.prepare(input);
  std::string place = "each pass agrees on each window set alone";
  bool is_found = false;
  for (std::size_t i = 0; i < block.passes.size() * block.window_sets.size() && !is_found; ++i) {
    const arch::Block one{{block.passes[i / block.window_sets.size()]},
                          {block.window_sets[i % block.window_sets.size()]}};
    hw::Reducer reducer;
    const Cycles got = array.execute(input, one, reducer);
    const Cycles expected = accelerator.price(input, *prepared, one).compute;
    is_found = got != expected;
    if (is_found) {
      place = fmt::format("pass {} on window set {} takes {} cycles alone, expected {}", one.passes[0],
                          one.window_sets[0], got.count(), expected.count());
    }
  }
  return {ErrorKind::internal, "layer " + in_quotes(input.layer.id),
          fmt::format("the bit-true array took {} cycles, the counting path expected {}; {}",
                      computed.count(), counted.count(), place)};
}

}  // namespace heddle::run
