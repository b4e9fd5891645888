// SPDX-License-Identifier: Apache-2.0
#include "sim/run/experiment.h"

#include <atomic>
#include <mutex>

#include "sim/arch/layer_data.h"
#include "sim/arch/parallel.h"
#include "sim/base/error.h"

namespace heddle::run {
namespace {

using result::Counters;
using result::LayerRecord;

// What counting one layer of one sample yields before memory time is known.
LayerRecord count_layer(const arch::AcceleratorConfig& config, const workload::Trace& trace, const workload::Layer& layer,
                        std::uint32_t sample) {
  const arch::Accelerator& accelerator = *config.accelerator;
  const arch::LayerData data(trace, layer, sample, accelerator, config.mapping);
  const auto plan = accelerator.prepare(data.input());
  const arch::Cost cost = accelerator.price(data.input(), *plan, arch::whole_layer(data.input().mapping));
  LayerRecord record{.name = layer.id,
                     .op = layer.op_name,
                     .activation_bits = layer.precision.activation_bits,
                     .weight_bits = layer.precision.weight_bits,
                     .counters = {},
                     .details = {}};
  Counters& c = record.counters;
  c.macs = layer.geometry.macs();
  c.compute_cycles = cost.compute;
  c.cycles = cost.compute;
  c.lane_cycles = {cost.lanes.effective, cost.lanes.synchronisation, cost.lanes.edge, cost.lanes.fill};
  c.on_chip_bytes.weights = bytes_holding(cost.weight_read);
  c.on_chip_bytes.input_activations = bytes_holding(cost.activation_read);
  c.on_chip_bytes.output_activations = bytes_holding(Bits(layer.geometry.output_values() * accelerator.container_bits()));
  c.on_chip_bytes.metadata = bytes_holding(accelerator.weight_metadata(data.input(), *plan));
  c.events.assign(cost.events.begin(), cost.events.begin() + static_cast<std::ptrdiff_t>(config.model->events.size()));
  return record;
}

result::RunRecord header(const arch::AcceleratorConfig& config, const workload::Trace& trace) {
  result::RunRecord run;
  run.accelerator = config.echo;
  const workload::Network& network = trace.network();
  run.network = {{"name", network.name}, {"trace_sha256", trace.digest()}, {"samples", network.samples}};
  if (!network.accuracy.is_null()) run.network["accuracy"] = network.accuracy;
  run.network["provenance"] = network.provenance;
  for (const auto& event : config.model->events) run.events.emplace_back(event.name, event.unit);
  run.array_lanes = config.accelerator->shape().lanes();
  run.frequency_mhz = config.frequency_mhz;
  run.notes = config::Json::array();
  for (const auto& text : config.echo.at("assumptions")) run.notes.push_back("assumption: " + text.get<std::string>());
  if (network.samples == 0) run.notes.push_back("the trace holds shapes and precisions only; one inference is counted");
  return run;
}

}  // namespace

std::vector<result::RunRecord> run_network(std::span<const arch::AcceleratorConfig> accelerators, const workload::Trace& trace,
                                           const Options& options) {
  std::vector<const workload::Layer*> layers;
  for (const auto& layer : trace.network().layers) {
    if (layer.is_array()) layers.push_back(&layer);
  }
  if (layers.empty()) throw Error(ErrorKind::workload, trace.name(), "the network has no array layer (conv2d, linear, matmul)");
  const std::uint32_t samples = std::max(1U, trace.network().samples);

  std::vector<result::RunRecord> runs;
  for (const auto& config : accelerators) {
    runs.push_back(header(config, trace));
    for (std::uint32_t s = 0; s < samples; ++s) runs.back().samples.push_back({s, std::vector<LayerRecord>(layers.size())});
  }
  const std::size_t all = accelerators.size() * samples * layers.size();
  std::size_t done = 0;
  std::mutex progress_mutex;
  arch::parallel_for(all, [&](std::size_t i) {
    const std::size_t layer = i % layers.size();
    const std::size_t sample = i / layers.size() % samples;
    const std::size_t accelerator = i / layers.size() / samples;
    runs[accelerator].samples[sample].layers[layer] =
        count_layer(accelerators[accelerator], trace, *layers[layer], static_cast<std::uint32_t>(sample));
    if (options.progress) {
      const std::lock_guard lock(progress_mutex);
      options.progress(++done, all, layers[layer]->id);
    }
  });
  for (const auto& run : runs) {
    for (const auto& sample : run.samples) {
      for (const auto& layer : sample.layers) check_ledger(layer.counters, run.array_lanes, "layer " + layer.name);
    }
    check_ledger(run.totals(), run.array_lanes, "totals");
  }
  return runs;
}

}  // namespace heddle::run
