// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/activation_serial.h"

#include <algorithm>
#include <utility>

#include "sim/kernel/round_robin.h"
#include "sim/pricing/budget.h"
#include "sim/pricing/fetch_rows.h"

namespace heddle::pricing {
namespace {

// Cycles over the block's window sets of a pass that works on these groups.
std::uint64_t pass_cycles(const arch::LayerInput& input, const arch::Block& block, std::uint64_t serial,
                          ActivationFetch fetch, std::span<const std::uint32_t> groups) {
  if (fetch == ActivationFetch::ideal) return block.window_sets.size() * input.mapping.steps * serial;
  std::uint64_t sum = 0;
  for (const auto set : block.window_sets) {
    for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
      const auto& windows = input.mapping.window_sets[set];
      sum += std::max<std::uint64_t>(serial, fetch_rows(input.lowered, groups, windows, step));
    }
  }
  return sum;
}

// A fully connected layer: the bricks of all passes take turns on the columns, starting one cycle apart.
arch::Cost take_turns(const arch::LayerInput& input, const arch::Block& block, std::uint64_t serial_cycles,
                      arch::LaneBudget lanes) {
  const arch::ArrayShape composed = input.mapping.composed();
  const std::uint64_t bricks = std::uint64_t{input.mapping.steps} * block.passes.size();
  arch::Cost cost;
  cost.compute = Cycles(kernel::round_robin_cycles(bricks, composed.columns, serial_cycles));
  cost.passes = split_evenly(cost.compute, block.passes.size());
  lanes.fill =
      LaneCycles((cost.compute.count() * composed.columns - bricks * serial_cycles) *
                 input.mapping.composition.elements() * composed.tiles * composed.rows * arch::kLanes);
  cost.lanes = complete(input.mapping.array, cost.compute, lanes);
  return cost;
}

}  // namespace

config::Parameter activation_fetch_parameter() {
  return config::Parameter::choice("activation_fetch", {"ideal", "rows"})
      .by_default("ideal")
      .means(
          "rows: a step takes at least as many cycles as its window set touches distinct rows of 256 "
          "activations")
      .from("our choice: docs/rules/stripes.md#activation-fetch");
}

ActivationFetch activation_fetch_from(const config::Values& values) {
  return values.text("activation_fetch") == "rows" ? ActivationFetch::rows : ActivationFetch::ideal;
}

arch::Cost price_activation_serial(const arch::LayerInput& input, const arch::Block& block,
                                   std::uint64_t serial_cycles, ActivationFetch fetch) {
  const Presence present = presence(input, block);
  arch::LaneBudget lanes = working(present, serial_cycles * input.mapping.composition.elements());
  if (input.lowered.is_fully_connected) return take_turns(input, block, serial_cycles, lanes);
  arch::Cost cost;
  std::vector<std::uint32_t> groups;  // of the last pass: those that work on the same groups take as long
  for (const auto p : block.passes) {
    auto own = groups_of(input.mapping.passes[p]);
    if (own != groups) {
      groups = std::move(own);
      cost.passes.emplace_back(pass_cycles(input, block, serial_cycles, fetch, groups));
    } else {
      cost.passes.push_back(cost.passes.back());
    }
    cost.compute += cost.passes.back();
  }
  const std::uint64_t busy =
      block.passes.size() * block.window_sets.size() * input.mapping.steps * serial_cycles;
  // While activation rows are fetched, the whole array waits for the cycles that exceed the serial ones.
  lanes.synchronisation = LaneCycles((cost.compute.count() - busy) * input.mapping.array.lanes());
  cost.lanes = complete(input.mapping.array, cost.compute, lanes);
  return cost;
}

}  // namespace heddle::pricing
