// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/network_plan.h"

#include <cmath>

#include "sim/arch/layer_data.h"
#include "sim/base/parallel.h"
#include "sim/memory/estimate.h"

namespace heddle::memory {

NetworkPlan::NetworkPlan(const arch::AcceleratorConfig& config, const MemoryConfig& memory,
                         const trace::Trace& trace)
    : config_(config), memory_(memory), trace_(trace), flow_(trace_dataflow(trace.network())) {
  storage_ = {memory.storage.value_or(config.accelerator->storage()), config.accelerator->container_bits()};
  shape_layers();
  layers_.resize(shapes_.size());
  addresses_.resize(shapes_.size());
  if (has_off_chip()) {
    plan_off_chip();
  } else {
    for (std::size_t l = 0; l < shapes_.size(); ++l) take_free_room(layers_[l].blocking, shapes_[l], {}, {});
  }
}

void NetworkPlan::shape_layers() {
  for (std::size_t l = 0; l < flow_.layers.size(); ++l) {
    const auto mapped = arch::map_onto(network_layer(l), config_);
    shapes_.emplace_back(network_layer(l), mapped.lowered, mapped.mapping);
    steps_.push_back(std::uint64_t{mapped.mapping.steps} * mapped.mapping.passes.size() *
                     mapped.mapping.window_sets.size());
  }
}

void NetworkPlan::plan_off_chip() {
  design_weights_.resize(shapes_.size());
  parallel_for(shapes_.size(), [&](std::size_t l) { design_weights_[l] = design_weights(l); });
  sizes_ = sizes_of_samples();
  const Surroundings surroundings{memory_.activation_memory, memory_.weight_memory,
                                  trace_.network().samples > 1, pace_of_layers()};
  memory_plan_ =
      plan_memory(trace_.network(), flow_, sizes_, surroundings, config_.document.where("/memory"));
  layers_ = memory_plan_.layers;
  addresses_ = place_off_chip(flow_, memory_plan_, sizes_);
}

// Compute cycles from the steps of the mapping, each as long as the precision of the activations makes it
// where a step of the array takes several cycles; exact for none but the designs without serial operands.
std::vector<Pace> NetworkPlan::pace_of_layers() const {
  const arch::Accelerator& accelerator = *config_.accelerator;
  const std::uint64_t lanes = accelerator.shape().lanes();
  const auto widest = static_cast<std::uint64_t>(
      std::llround(static_cast<double>(lanes) / accelerator.peak_macs_per_cycle()));
  const std::uint64_t bandwidth = off_chip_bytes_per_1024_cycles(memory_, config_.frequency_mhz);
  std::vector<Pace> out;
  for (std::size_t l = 0; l < shapes_.size(); ++l) {
    const std::uint64_t bits = network_layer(l).precision.activation_bits;
    const std::uint64_t step = std::max<std::uint64_t>(1, widest * bits / accelerator.container_bits());
    out.push_back({steps_[l] * step, bandwidth});
  }
  return out;
}

LayerBytes NetworkPlan::of_all_samples(const LayerBytes& bytes) const {
  LayerBytes out = bytes * samples_alike();
  if (memory_plan_.weights_stay) {
    out.weights = bytes.weights;
    out.metadata = bytes.metadata;
  }
  return out;
}

// What a design packs depends on weights alone, so the first sample stands for all.
DesignWeights NetworkPlan::design_weights(std::size_t layer) const {
  const arch::Accelerator& accelerator = *config_.accelerator;
  const arch::LayerData data(trace_, network_layer(layer), 0, accelerator, config_.mapping);
  const auto prepared = accelerator.prepare(data.input());
  DesignWeights out;
  out.metadata = bytes_holding(accelerator.weight_metadata(data.input(), *prepared));
  if (!accelerator.packs_weights() || network_layer(layer).has_run_time_weights()) return out;
  // One window set reads every packed weight once.
  arch::Block block = arch::whole_layer(data.input().mapping);
  block.window_sets.resize(1);
  out.packed = bytes_holding(accelerator.price(data.input(), *prepared, block).weight_read);
  return out;
}

std::vector<NetworkSizes> NetworkPlan::sizes_of_samples() const {
  const bool depend_on_values = storage_.storage == arch::Storage::compressed;
  CompressedSizes compressed;
  if (depend_on_values) compressed = compressed_sizes(trace_, flow_, storage_.container_bits);
  const std::uint32_t samples = depend_on_values ? std::max(1U, trace_.network().samples) : 1;
  std::vector<NetworkSizes> out;
  for (std::uint32_t sample = 0; sample < samples; ++sample) {
    out.push_back(
        network_sizes(trace_.network(), flow_, shapes_, storage_, design_weights_, &compressed, sample));
  }
  return out;
}

}  // namespace heddle::memory
