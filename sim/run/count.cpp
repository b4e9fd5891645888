// SPDX-License-Identifier: Apache-2.0
#include "sim/run/count.h"

#include <algorithm>
#include <mutex>

#include "sim/arch/layer_data.h"
#include "sim/base/error.h"
#include "sim/base/parallel.h"

namespace heddle::run {
namespace {

result::NamedCounts events_of(const arch::EventCounts& events, const arch::ModelInfo& model) {
  HEDDLE_CHECK(events.size() <= model.events.size(), model.name + " counts events that it does not declare");
  result::NamedCounts out;
  for (std::size_t i = 0; i < model.events.size(); ++i)
    out.counts.emplace_back(model.events[i].name, events[i]);
  return out;
}

// What a design counts by itself; cycles and what moves come from the engine.
result::Counters counters_of(const arch::Cost& cost, const PlannedAccelerator& planned,
                             const workload::Layer& layer, std::size_t step) {
  result::Counters c;
  c.macs = layer.geometry.macs();
  c.compute_cycles = cost.compute;
  c.lane_cycles = {cost.lanes.effective, cost.lanes.folding_zeros, cost.lanes.synchronisation,
                   cost.lanes.edge, cost.lanes.fill};
  c.on_chip_bytes.weights = bytes_holding(cost.weight_read);
  c.on_chip_bytes.input_activations = bytes_holding(cost.activation_read);
  c.on_chip_bytes.output_activations = bytes_holding(planned.plan.output_bits(step));
  c.events = events_of(cost.events, *planned.config.model);
  return c;
}

CountedLayer count_layer(const PlannedAccelerator& planned, const Workload& work, std::size_t step,
                         std::uint32_t sample) {
  const arch::Accelerator& accelerator = *planned.config.accelerator;
  const workload::Layer& layer = *work.layers[step];
  arch::MappingOptions mapping = planned.config.mapping;
  // A memory plan loads weights pass by pass.
  if (planned.plan.has_off_chip()) mapping.step_order = arch::StepOrder::passes_first;
  const arch::LayerData data(work.trace, layer, sample, accelerator, mapping);
  const auto prepared = accelerator.prepare(data.input());
  CountedLayer out;
  arch::Cost cost;
  Bytes weights(0);
  Bytes activations(0);
  for (const auto& block : memory::blocks_of(planned.plan.blocking(step), planned.plan.shape(step))) {
    out.costs.push_back(accelerator.price(data.input(), *prepared, block));
    cost += out.costs.back();
    weights += bytes_holding(out.costs.back().weight_read);
    activations += bytes_holding(out.costs.back().activation_read);
  }
  out.record = {.name = layer.id,
                .op = layer.op_name(),
                .precision = {layer.precision.activation_bits, layer.precision.weight_bits},
                .counters = counters_of(cost, planned, layer, step),
                .details = planned.plan.describe_layer(step)};
  result::TrafficBytes& counted = out.record.counters.on_chip_bytes;
  counted.metadata = bytes_holding(accelerator.weight_metadata(data.input(), *prepared));
  out.weight_rounding = weights - counted.weights;
  out.activation_rounding = activations - counted.input_activations;
  return out;
}

}  // namespace

Workload array_layers(const trace::Trace& trace) {
  Workload out{trace, {}, std::max(1U, trace.network().samples)};
  for (const auto& layer : trace.network().layers) {
    if (layer.is_array()) out.layers.push_back(&layer);
  }
  if (out.layers.empty())
    throw Error(ErrorKind::workload, trace.name(), "the network has no array layer (conv2d, linear, matmul)");
  return out;
}

std::vector<CountedNetwork> count_layers(
    const Workload& work, std::span<const PlannedAccelerator> accelerators,
    const std::function<void(std::size_t done, std::size_t all, const std::string& name)>& progress) {
  const std::size_t layers = work.layers.size();
  const std::size_t per_accelerator = layers * work.samples;
  std::vector<CountedNetwork> counted(accelerators.size(), CountedNetwork(per_accelerator));
  const std::size_t all = accelerators.size() * per_accelerator;
  std::size_t done = 0;
  std::mutex progress_mutex;
  parallel_for(all, [&](std::size_t i) {
    const std::size_t step = i % layers;
    const std::size_t accelerator = i / per_accelerator;
    counted[accelerator][i % per_accelerator] = count_layer(
        accelerators[accelerator], work, step, static_cast<std::uint32_t>(i / layers % work.samples));
    if (progress) {
      const std::lock_guard lock(progress_mutex);
      progress(++done, all, work.layers[step]->id);
    }
  });
  return counted;
}

}  // namespace heddle::run
