// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/layer_work.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::arch {
namespace {

Bytes share(Bytes all, std::size_t part, std::size_t parts) {
  return Bytes(all.count() / parts + (part < all.count() % parts ? 1 : 0));
}

}  // namespace

LayerWork layer_work(const LayerInput& input, const Accelerator& accelerator, const Plan& plan, Cost cost) {
  const workload::Geometry& g = input.layer.geometry;
  const unsigned bits = accelerator.container_bits();
  LayerWork out;
  out.cost = std::move(cost);
  for (const auto& pass : input.mapping.passes) {
    std::uint64_t filters = 0;
    for (const auto& set : pass) filters += set.filters;
    out.pass_weights.push_back(bytes_holding(Bits(filters * (g.weights() / g.filters) * bits)));
  }
  out.metadata = bytes_holding(accelerator.weight_metadata(input, plan));
  out.input = bytes_holding(Bits(g.input_values() * bits));
  out.output = bytes_holding(Bits(g.output_values() * bits));
  return out;
}

void append_layers(const std::vector<const LayerWork*>& layers, bool off_chip, WorkList& list) {
  std::vector<bool> reads_back;
  const auto add = [&](std::uint32_t item, std::uint32_t after, Tensor tensor, bool is_write, Bytes bytes,
                       bool back) {
    if (!off_chip || bytes == Bytes(0)) return;
    list.transfers.push_back({item, after, tensor, is_write, 0, bytes});
    reads_back.push_back(back);
  };
  HEDDLE_CHECK(list.items.empty(), "a list is built once");
  for (const LayerWork* layer : layers) {
    const auto first = static_cast<std::uint32_t>(list.items.size());
    const std::size_t passes = layer->cost.passes.size();
    HEDDLE_CHECK(passes == layer->pass_weights.size(), "a cost a pass");
    for (std::size_t p = 0; p < passes; ++p) {
      const auto item = static_cast<std::uint32_t>(list.items.size());
      const std::uint32_t before_last = item > 0 ? item - 1 : 0;
      add(item, before_last, Tensor::weights, false, layer->pass_weights[p], false);
      add(item, before_last, Tensor::metadata, false, share(layer->metadata, p, passes), false);
      if (p == 0) add(item, first, Tensor::input_activations, false, layer->input, true);
      const Bytes output = share(layer->output, p, passes);
      add(item, item + 1, Tensor::output_activations, true, output, false);
      list.items.push_back({.layer = list.layers,
                            .compute = layer->cost.passes[p],
                            .weight_read = share(bytes_holding(layer->cost.weight_read), p, passes),
                            .activation_read = share(bytes_holding(layer->cost.activation_read), p, passes),
                            .output_written = output,
                            .stores_before = 0});
    }
    ++list.layers;
  }
  order_transfers(list.transfers, reads_back);
}

}  // namespace heddle::arch
