// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/memory/storage.h"
#include "sim/memory/work_list_builder.h"

namespace heddle::test {

inline workload::Layer conv(const std::string& id, const std::string& source, std::uint32_t channels,
                            std::uint32_t size, std::uint32_t filters, std::uint32_t kernel,
                            std::uint32_t stride = 1, std::uint32_t groups = 1) {
  workload::Layer layer;
  layer.id = id;
  layer.op = workload::Op::conv2d;
  layer.inputs = {source};
  layer.activation.source = source;
  layer.weight.source = "static";
  auto& g = layer.geometry;
  g.channels = channels;
  g.height = g.width = size;
  g.filters = filters;
  g.kernel_height = g.kernel_width = kernel;
  g.stride_y = g.stride_x = stride;
  g.pad_top = g.pad_bottom = g.pad_left = g.pad_right = kernel / 2;
  g.groups = groups;
  g.out_height = g.out_width = (size + 2 * (kernel / 2) - kernel) / stride + 1;
  layer.output_shape = {filters, g.out_height, g.out_width};
  return layer;
}

inline workload::Layer linear(const std::string& id, const std::string& source, std::uint32_t inputs,
                              std::uint32_t outputs) {
  workload::Layer layer = conv(id, source, inputs, 1, outputs, 1);
  layer.op = workload::Op::linear;
  return layer;
}

inline workload::Layer other(const std::string& id, const std::string& op, std::vector<std::string> inputs,
                             std::vector<std::uint64_t> shape) {
  workload::Layer layer;
  layer.id = id;
  layer.op = workload::op_named(op).value();
  layer.inputs = std::move(inputs);
  layer.output_shape = std::move(shape);
  return layer;
}

inline workload::Network network_of(std::vector<workload::Layer> layers) {
  workload::Network network;
  network.name = "test";
  network.inputs = {"image"};
  network.layers = std::move(layers);
  for (std::uint32_t i = 0; i < network.layers.size(); ++i) network.layers[i].index = i;
  return network;
}

// Convolutions and a classifier; some convolutions are grouped or depthwise or have residuals.
inline workload::Network random_network(std::uint64_t seed) {
  Random random(seed, "network");
  std::vector<workload::Layer> layers;
  std::uint32_t channels = 1 + static_cast<std::uint32_t>(random.below(40));
  std::uint32_t size = 4 + static_cast<std::uint32_t>(random.below(24));
  std::string last = "image";
  std::string skip;
  const auto count = 2 + random.below(5);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string id = "conv" + std::to_string(i);
    const bool keeps_shape = !skip.empty() && random.chance(2);
    const bool depthwise = random.chance(5);
    const std::uint32_t groups = depthwise ? channels : channels % 2 == 0 && random.chance(4) ? 2 : 1;
    const std::uint32_t filters =
        depthwise || keeps_shape ? channels : groups * (1 + static_cast<std::uint32_t>(random.below(60)));
    const std::uint32_t stride =
        keeps_shape || size < 4 ? 1 : 1 + static_cast<std::uint32_t>(random.below(2));
    layers.push_back(conv(id, last, channels, size, filters, random.chance(3) ? 1 : 3, stride, groups));
    layers.back().precision = {4 + static_cast<unsigned>(random.below(12)),
                               4 + static_cast<unsigned>(random.below(12)), ""};
    size = layers.back().geometry.out_height;
    channels = filters;
    last = id;
    if (keeps_shape) {
      layers.push_back(other("add" + std::to_string(i), "add", {id, skip}, {channels, size, size}));
      last = layers.back().id;
    }
    skip = last;
  }
  layers.push_back(
      linear("fc", last, channels * size * size, 10 + static_cast<std::uint32_t>(random.below(100))));
  return network_of(std::move(layers));
}

// A network mapped onto an array, with everything that plans are made from.
struct PlannedNetwork {
  PlannedNetwork(workload::Network n, const arch::ArrayShape& array, memory::StorageRule rule = {})
      : network(std::move(n)), flow(memory::trace_dataflow(network)) {
    for (const auto& at : flow.layers) {
      const auto& layer = network.layers[at.index];
      const auto lowered = workload::lower(layer, {});
      shapes.emplace_back(layer, lowered, arch::map_layer(lowered, array, arch::Pallet::wrap));
    }
    const std::vector<memory::DesignWeights> metadata(shapes.size(), {Bytes(7), std::nullopt});
    sizes.push_back(memory::network_sizes(network, flow, shapes, rule, metadata, nullptr, 0));
  }
  PlannedNetwork(const PlannedNetwork&) = delete;

  [[nodiscard]] memory::MemoryPlan plan(Bytes activations, Bytes weights, bool doubled) const {
    return memory::plan_memory(network, flow, sizes, {{activations, doubled}, {weights, doubled}, false, {}},
                               "test");
  }

  workload::Network network;
  memory::Dataflow flow;
  std::vector<memory::LayerShape> shapes;
  std::vector<memory::NetworkSizes> sizes;
};

// The work list of a plan; every pass of every block computes `cycles`.
inline memory::WorkList work_list(const PlannedNetwork& n, const memory::MemoryPlan& plan,
                                  const memory::OnChipMemory& activations,
                                  const memory::OnChipMemory& weights, std::uint32_t samples, Cycles cycles) {
  memory::WorkListBuilder builder(activations, weights, true, {});
  for (std::uint32_t sample = 0; sample < samples; ++sample) {
    for (std::uint32_t s = 0; s < n.shapes.size(); ++s) {
      std::vector<arch::Cost> costs;
      for (const auto& block : memory::blocks_of(plan.layers[s].blocking, n.shapes[s])) {
        arch::Cost cost;
        cost.passes.assign(block.passes.size(), cycles);
        cost.compute = cycles * block.passes.size();
        costs.push_back(cost);
      }
      builder.add({.shape = n.shapes[s],
                   .blocking = plan.layers[s].blocking,
                   .sizes = memory::layer_sizes(n.flow, n.sizes.front(), s, plan.on_chip),
                   .costs = costs,
                   .output_written = Bytes(0),
                   .addresses = {}});
    }
    builder.end_sample(plan.weights_stay);
  }
  return builder.finish();
}

}  // namespace heddle::test
