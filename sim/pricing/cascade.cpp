// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/cascade.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/pricing/budget.h"

namespace heddle::pricing {
namespace {

std::uint32_t rows_of(const arch::ArrayShape& array) {
  return array.tiles * array.rows;
}

arch::Pass pass_of(std::uint32_t group, std::uint32_t first, std::uint32_t outputs,
                   const arch::ArrayShape& array) {
  const auto a_tile = static_cast<std::uint32_t>(ceil_div(outputs, rows_of(array)) * array.rows);
  arch::Pass pass;
  for (std::uint32_t done = 0; done < outputs; done += a_tile) {
    pass.push_back({group, first + done, std::min(a_tile, outputs - done)});
  }
  return pass;
}

// Lanes of a step's slices that have an input.
std::uint64_t lanes_of(const arch::LayerInput& input, const workload::ChannelGroup& group,
                       const Cascade& cascade, std::uint32_t step) {
  const std::uint32_t first = step * cascade.slices;
  const std::uint32_t end = std::min(first + cascade.slices, input.lowered.bricks);
  std::uint64_t lanes = 0;
  for (std::uint32_t brick = first; brick < end; ++brick) lanes += input.lowered.lanes(group, brick);
  return lanes;
}

}  // namespace

Cascade cascade_of(const workload::LoweredLayer& layer, std::uint32_t filters,
                   const arch::ArrayShape& array) {
  Cascade out;
  const std::uint64_t a_row = ceil_div(filters, rows_of(array));
  if (a_row <= array.columns) out.slices = static_cast<std::uint32_t>(array.columns / a_row);
  out.steps = static_cast<std::uint32_t>(ceil_div(layer.bricks, out.slices));
  return out;
}

std::uint32_t outputs_per_row(const arch::Pass& pass, const arch::ArrayShape& array) {
  std::uint64_t outputs = 0;
  for (const auto& set : pass) outputs += set.filters;
  return static_cast<std::uint32_t>(ceil_div(outputs, rows_of(array)));
}

arch::Mapping map_cascade(const workload::LoweredLayer& layer, const arch::ArrayShape& array) {
  HEDDLE_CHECK(layer.is_fully_connected, "only fully connected layers cascade");
  const std::uint64_t at_once = std::uint64_t{rows_of(array)} * array.columns;
  arch::Mapping out{
      .array = array, .composition = {}, .passes = {}, .window_sets = {{0, 1}}, .steps = layer.steps()};
  for (std::uint32_t g = 0; g < layer.groups.size(); ++g) {
    const auto& group = layer.groups[g];
    for (std::uint64_t done = 0; done < group.filters; done += at_once) {
      const auto outputs = static_cast<std::uint32_t>(std::min<std::uint64_t>(at_once, group.filters - done));
      out.passes.push_back(pass_of(g, group.first_filter + static_cast<std::uint32_t>(done), outputs, array));
    }
  }
  return out;
}

std::vector<CascadeRun> cascade_runs(const arch::LayerInput& input, const arch::Block& block) {
  std::vector<CascadeRun> out;
  if (block.window_sets.empty()) return out;
  std::uint32_t running = 0;
  for (const auto pass : block.passes) {
    const std::uint32_t group = input.mapping.passes[pass].front().group;
    if (out.empty() || group != running) {
      out.push_back(
          {cascade_of(input.lowered, input.lowered.groups[group].filters, input.mapping.array), {}});
    }
    running = group;
    out.back().passes.push_back(pass);
  }
  return out;
}

arch::Cost price_cascade(const arch::LayerInput& input, const arch::Block& block,
                         const CascadeTiming& timing) {
  const arch::ArrayShape& array = input.mapping.array;
  arch::Cost cost;
  arch::LaneBudget counted;
  for (const CascadeRun& run : cascade_runs(input, block)) {
    const std::uint64_t lead = timing.lead ? timing.lead(run.passes.front()) : 0;
    const std::uint64_t tail = timing.tail ? timing.tail(run.cascade) : 0;
    for (const auto pass : run.passes) {
      const auto& sets = input.mapping.passes[pass];
      std::uint64_t filters = 0;
      for (const auto& set : sets) filters += set.filters;
      std::uint64_t cycles = 0;
      for (std::uint32_t k = 0; k < run.cascade.steps; ++k) {
        const CascadeStep step = timing.step(pass, k);
        const std::uint64_t lanes =
            filters * lanes_of(input, input.lowered.groups[sets.front().group], run.cascade, k);
        cycles += step.cycles;
        counted.effective += LaneCycles(lanes * step.working);
        counted.synchronisation += LaneCycles(lanes * (step.cycles - step.working));
      }
      if (pass == run.passes.front()) cycles += lead;
      if (pass == run.passes.back()) cycles += tail;
      cost.passes.emplace_back(cycles);
      cost.compute += Cycles(cycles);
    }
    counted.fill += LaneCycles((lead + tail) * array.lanes());
  }
  cost.lanes = complete(array, cost.compute, counted);
  return cost;
}

}  // namespace heddle::pricing
