// SPDX-License-Identifier: Apache-2.0
//
// From a plan and the costs of its layers to the work list.
#include <algorithm>

#include "sim/memory/network_plan.h"

namespace heddle::memory {
namespace {

std::uint64_t groups_of(std::uint64_t values) {
  return ceil_div(values, workload::kBrick);
}

}  // namespace

WorkList NetworkPlan::work_list(const std::vector<std::vector<std::vector<arch::Cost>>>& costs) const {
  WorkListBuilder builder(memory_.activation_memory, memory_.weight_memory, has_off_chip(), memory_.codec);
  for (std::uint32_t sample = 0; sample < costs.size(); ++sample) {
    for (std::size_t l = 0; l < shapes_.size(); ++l) builder.add(planned_layer(sample, l, costs[sample][l]));
    builder.end_sample(memory_plan_.weights_stay);
  }
  return builder.finish();
}

PlannedLayer NetworkPlan::planned_layer(std::uint32_t sample, std::size_t layer,
                                        std::span<const arch::Cost> costs) const {
  PlannedLayer out{.shape = shapes_[layer],
                   .blocking = layers_[layer].blocking,
                   .sizes = {},
                   .costs = costs,
                   .output_written = bytes_holding(output_bits(layer)),
                   .addresses = addresses_[layer]};
  if (!has_off_chip()) return out;
  const ArrayLayer& at = flow_.layers[layer];
  const auto& sizes = sizes_[sizes_.size() > 1 ? sample : 0];
  out.sizes = layer_sizes(flow_, sizes, static_cast<std::uint32_t>(layer), memory_plan_.on_chip);
  if (memory_plan_.weights_stay && sample > 0) out.sizes.weights = out.sizes.metadata = Bytes(0);
  out.weights_are_run_time = at.has_run_time_weights();
  out.input_is_made = std::any_of(at.activations.begin(), at.activations.end(),
                                  [&](const Use& use) { return !flow_.tensors[use.tensor].is_input; });
  if (storage_.storage == arch::Storage::compressed) out.groups = codec_groups(layer);
  return out;
}

Bits NetworkPlan::output_bits(std::size_t layer) const {
  const ArrayLayer& at = flow_.layers[layer];
  unsigned bits = at.makes.empty() ? storage_.container_bits : 0;
  for (const auto t : at.makes) bits = std::max(bits, bits_per_value(flow_.tensors[t], storage_));
  return Bits(network_layer(layer).geometry.output_values() * bits);
}

bool NetworkPlan::moves_in_groups(std::uint32_t tensor) const {
  return !memory_plan_.on_chip[tensor] && is_compressible(flow_, tensor);
}

CodecGroups NetworkPlan::codec_groups(std::size_t layer) const {
  const ArrayLayer& at = flow_.layers[layer];
  CodecGroups out;
  for (const auto& use : at.activations) out.input += moves_in_groups(use.tensor) ? groups_of(use.values) : 0;
  for (const auto& use : at.extras) out.extra += moves_in_groups(use.tensor) ? groups_of(use.values) : 0;
  for (const auto t : at.makes) {
    const bool moves = moves_in_groups(t) || (flow_.tensors[t].is_output && is_compressible(flow_, t));
    if (moves) out.output += groups_of(flow_.tensors[t].values);
  }
  // Weights that a design packs or that an earlier layer makes are not compressed.
  if (!at.has_run_time_weights() && !design_weights_[layer].packed)
    out.weights = groups_of(network_layer(layer).geometry.weights());
  return out;
}

}  // namespace heddle::memory
