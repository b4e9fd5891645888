// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/budget.h"

#include <limits>

#include <fmt/format.h>

#include "sim/base/error.h"

namespace heddle::pricing {
namespace {

// Lanes of one filter that a group really has, step by step: channels x kernel positions of the lowered
// layer. A depthwise filter has one channel.
std::uint64_t slots_per_filter(const workload::LoweredLayer& lowered, const workload::ChannelGroup& group) {
  const std::uint64_t positions = std::uint64_t{lowered.kernel_height} * lowered.kernel_width;
  // A published count folds more channels than a brick has lanes; it fills its lanes and no more.
  const std::uint64_t channels =
      std::min<std::uint64_t>(group.channels, std::uint64_t{lowered.bricks} * arch::kLanes);
  return positions * (lowered.is_depthwise ? 1 : channels);
}

// Those of them that hold a weight of the layer.
std::uint64_t weights_per_filter(const workload::LoweredLayer& lowered, const workload::ChannelGroup& group) {
  if (!lowered.extends_kernel()) return slots_per_filter(lowered, group);
  std::uint64_t out = 0;
  for (std::uint32_t step = 0; step < lowered.steps(); ++step) out += lowered.weights_in(group, step);
  return out;
}

}  // namespace

Presence presence(const arch::LayerInput& input, const arch::Block& block) {
  Presence out;
  for (const auto w : block.window_sets) out.windows += input.mapping.window_sets[w].count;
  for (const auto p : block.passes) {
    for (const auto& set : input.mapping.passes[p]) {
      out.filters += set.filters;
      const workload::ChannelGroup& group = input.lowered.groups[set.group];
      out.filter_channels += set.filters * slots_per_filter(input.lowered, group);
      out.filter_weights += set.filters * weights_per_filter(input.lowered, group);
    }
  }
  return out;
}

arch::LaneBudget working(const Presence& present, std::uint64_t cycles) {
  arch::LaneBudget out;
  out.effective = LaneCycles(present.windows * present.filter_weights * cycles);
  out.folding_zeros =
      LaneCycles(present.windows * (present.filter_channels - present.filter_weights) * cycles);
  return out;
}

arch::LaneBudget complete(const arch::ArrayShape& array, Cycles compute, arch::LaneBudget counted) {
  if (compute.count() > std::numeric_limits<std::uint64_t>::max() / array.lanes()) {
    throw Error(ErrorKind::workload, "",
                fmt::format("{} cycles of an array with {} lanes are more lane-cycles than 64 bits count",
                            compute.count(), array.lanes()));
  }
  const LaneCycles all(compute.count() * array.lanes());
  counted.edge = LaneCycles(0);
  HEDDLE_CHECK(counted.total() <= all, "more lane-cycles were used than the array has");
  counted.edge = all - counted.total();
  return counted;
}

Bits activation_bits(const arch::LayerInput& input, const arch::Block& block, unsigned bits) {
  // Tiles of a pass that work on the same group share one fetch.
  std::uint64_t fetches = 0;
  for (const auto p : block.passes) {
    const arch::Pass& pass = input.mapping.passes[p];
    for (std::size_t i = 0; i < pass.size(); ++i) {
      if (i == 0 || pass[i].group != pass[i - 1].group) ++fetches;
    }
  }
  const Presence present = presence(input, block);
  return Bits(fetches * present.windows * input.mapping.steps * arch::kLanes * bits);
}

Bits weight_bits(const arch::LayerInput& input, const arch::Block& block, unsigned bits) {
  return Bits(presence(input, block).filter_channels * block.window_sets.size() * bits);
}

std::vector<Cycles> split_evenly(Cycles total, std::size_t parts) {
  std::vector<Cycles> out;
  for (std::size_t i = 0; i < parts; ++i) {
    out.emplace_back(total.count() / parts + (i < total.count() % parts ? 1 : 0));
  }
  return out;
}

}  // namespace heddle::pricing
