// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "models/loom/prepared.h"
#include "sim/kernel/round_robin.h"
#include "sim/pricing/budget.h"
#include "sim/pricing/cascade.h"

namespace heddle::models::loom {
namespace {

enum Event { kSteps, kWeightPlanes, kActivationBitSteps };

// Lane-cycles in which a lane works on a product of the layer (effective), in which it works at all
// (working), and in which it works or waits (present); and the bits read.
struct Work {
  std::uint64_t effective = 0;
  std::uint64_t working = 0;
  std::uint64_t present = 0;
  std::uint64_t activation_bits = 0;
  std::uint64_t weight_bits = 0;
};

// Bit steps x average weight bits, rounded down or up, without a product of two large counts.
std::uint64_t averaged(std::uint64_t bit_steps, const PreparedLoom& prepared) {
  return bit_steps / prepared.mean_count * prepared.mean_sum +
         bit_steps % prepared.mean_count * prepared.mean_sum / prepared.mean_count;
}
std::uint64_t averaged_up(std::uint64_t bit_steps, const PreparedLoom& prepared) {
  return bit_steps / prepared.mean_count * prepared.mean_sum +
         ceil_div(bit_steps % prepared.mean_count * prepared.mean_sum, prepared.mean_count);
}

void add_work(const arch::LayerInput& input, const PreparedLoom& prepared, const Streams& streams,
              const PassWeights& weights, std::uint64_t window_sets, std::uint32_t bits_per_cycle,
              Work& work) {
  std::uint64_t product_bit_steps = 0;
  std::uint64_t own_bit_steps = 0;
  std::uint64_t held_bit_steps = 0;
  for (std::size_t g = 0; g < weights.groups.size(); ++g) {
    for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
      const workload::ChannelGroup& group = input.lowered.groups[weights.groups[g]];
      const std::uint64_t lanes = input.lowered.slots_in(group, step);
      const std::uint64_t products = input.lowered.weights_in(group, step);
      if (prepared.mean_count > 0) {
        product_bit_steps += streams.own[g][step] * weights.filters[g] * products;
        own_bit_steps += streams.own[g][step] * weights.filters[g] * lanes;
        held_bit_steps += streams.held[step] * weights.filters[g] * lanes;
      } else {
        work.effective += streams.own[g][step] * weights.own[g][step] * products;
        work.working += streams.own[g][step] * weights.own[g][step] * lanes;
        work.present += streams.held[step] * weights.widest[step] * weights.filters[g] * lanes;
      }
      // The activation bits stream anew for every weight bit; a weight bit is read once per window set.
      work.activation_bits += streams.held[step] * weights.widest[step] * bits_per_cycle * arch::kLanes;
      work.weight_bits += window_sets * weights.own[g][step] * lanes;
    }
  }
  if (prepared.mean_count == 0) return;
  work.effective += averaged(product_bit_steps, prepared);
  work.working += averaged(own_bit_steps, prepared);
  work.present += averaged(held_bit_steps, prepared);
}

// Cycles of one pass over the block's window sets; the average is rounded up, once per pass.
std::uint64_t pass_cycles(const PreparedLoom& prepared, const Streams& streams, const PassWeights& weights) {
  std::uint64_t cycles = 0;
  for (std::size_t step = 0; step < streams.widest.size(); ++step) {
    cycles += streams.widest[step] * (prepared.mean_count > 0 ? 1 : weights.widest[step]);
  }
  return prepared.mean_count > 0 ? averaged_up(cycles, prepared) : cycles;
}

void count_events(const arch::Block& block, const Streams& streams, const PassWeights& weights,
                  arch::Cost& cost) {
  for (std::size_t step = 0; step < streams.widest.size(); ++step) {
    cost.events[kSteps] += block.window_sets.size();
    cost.events[kWeightPlanes] += block.window_sets.size() * weights.widest[step];
    cost.events[kActivationBitSteps] += streams.widest[step];
  }
}

void finish(const Loom& model, const arch::LayerInput& input, const Work& work, LaneCycles fill,
            arch::Cost& cost) {
  // Composed units work on the subwords of a value side by side.
  const std::uint64_t units = input.mapping.composition.elements();
  cost.lanes = pricing::complete(input.mapping.array, cost.compute,
                                 {.effective = LaneCycles(work.effective * units),
                                  .folding_zeros = LaneCycles((work.working - work.effective) * units),
                                  .synchronisation = LaneCycles((work.present - work.working) * units),
                                  .edge = {},
                                  .fill = fill});
  cost.activation_read = Bits(work.activation_bits * model.subwords(input.layer.precision.activation_bits));
  cost.weight_read = Bits(work.weight_bits * model.subwords(input.layer.precision.weight_bits));
}

arch::Cost price_convolution(const Loom& model, const arch::LayerInput& input, const PreparedLoom& prepared,
                             const arch::Block& block) {
  arch::Cost cost;
  Work work;
  Streams streams;
  std::vector<std::uint32_t> groups;
  for (const auto pass : block.passes) {
    const PassWeights weights = weights_of(input, prepared, pass);
    if (weights.groups != groups) streams = streams_of(input, prepared, block, weights.groups);
    groups = weights.groups;
    cost.passes.emplace_back(pass_cycles(prepared, streams, weights));
    cost.compute += cost.passes.back();
    add_work(input, prepared, streams, weights, block.window_sets.size(), model.params().bits_per_cycle,
             work);
    count_events(block, streams, weights, cost);
  }
  finish(model, input, work, LaneCycles(0), cost);
  return cost;
}

// Bricks of all passes take turns on the columns. Each takes the cycles of a step with one window.
arch::Cost price_round_robin(const Loom& model, const arch::LayerInput& input, const PreparedLoom& prepared,
                             const arch::Block& block) {
  arch::Cost cost;
  Work work;
  const arch::ArrayShape elements = input.mapping.composed();
  kernel::RoundRobin columns(elements.columns);
  std::uint64_t busy = 0;
  for (const auto pass : block.passes) {
    const PassWeights weights = weights_of(input, prepared, pass);
    const Streams streams = streams_of(input, prepared, block, weights.groups);
    for (std::size_t step = 0; step < streams.widest.size(); ++step) {
      const std::uint64_t cycles = prepared.mean_count > 0 ? averaged_up(streams.widest[step], prepared)
                                                           : streams.widest[step] * weights.widest[step];
      columns.issue(cycles);
      busy += cycles;
    }
    add_work(input, prepared, streams, weights, block.window_sets.size(), model.params().bits_per_cycle,
             work);
    count_events(block, streams, weights, cost);
  }
  cost.compute = Cycles(columns.finish_cycles());
  cost.passes = pricing::split_evenly(cost.compute, block.passes.size());
  const std::uint64_t rows =
      std::uint64_t{elements.tiles} * elements.rows * input.mapping.composition.elements();
  finish(model, input, work,
         LaneCycles((cost.compute.count() * elements.columns - busy) * rows * arch::kLanes), cost);
  return cost;
}

// Columns hold different outputs or slices and start one cycle apart. A row's weight bits reach one column
// per cycle, so a bit is held for at least as many cycles as there are columns.
arch::Cost price_cascade(const Params& params, const arch::LayerInput& input, const arch::Block& block) {
  const auto stream =
      static_cast<std::uint32_t>(ceil_div(params.array.container_bits, params.bits_per_cycle));
  const std::uint32_t hold = std::max(params.array.shape.columns, stream);
  const std::uint32_t weight_bits = input.layer.precision.weight_bits;
  arch::Cost cost =
      pricing::price_cascade(input, block,
                             {.step =
                                  [=](std::uint32_t, std::uint32_t) {
                                    return pricing::CascadeStep{hold * weight_bits, stream * weight_bits};
                                  },
                              .lead = [&](std::uint32_t) { return params.array.shape.columns - 1; },
                              .tail = nullptr});
  for (const auto& run : pricing::cascade_runs(input, block)) {
    const std::uint64_t steps = run.passes.size() * run.cascade.steps;
    cost.events[kSteps] += steps;
    cost.events[kWeightPlanes] += steps * weight_bits;
    cost.events[kActivationBitSteps] += steps * stream;
  }
  cost.activation_read = pricing::activation_bits(input, block, params.array.container_bits) * weight_bits;
  cost.weight_read = pricing::weight_bits(input, block, weight_bits);
  return cost;
}

}  // namespace

arch::Cost Loom::price(const arch::LayerInput& input, const arch::Prepared& base,
                       const arch::Block& block) const {
  const auto& prepared = dynamic_cast<const PreparedLoom&>(base);
  if (!input.lowered.is_fully_connected) return price_convolution(*this, input, prepared, block);
  if (params_.fully_connected == FullyConnected::round_robin)
    return price_round_robin(*this, input, prepared, block);
  return price_cascade(params_, input, block);
}

// The widths of groups of 16 weights are stored with the weights.
Bits Loom::weight_metadata(const arch::LayerInput& input, const arch::Prepared&) const {
  if (params_.weight_precision != WeightPrecision::group || !has_group_widths(input)) return Bits(0);
  return Bits(std::uint64_t{input.group_widths.size()} * ceil_log2(params_.array.container_bits));
}

}  // namespace heddle::models::loom
