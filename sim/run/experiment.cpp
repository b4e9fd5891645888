// SPDX-License-Identifier: Apache-2.0
#include "sim/run/experiment.h"

#include <deque>
#include <mutex>

#include <fmt/format.h>

#include "sim/arch/layer_data.h"
#include "sim/base/error.h"
#include "sim/base/parallel.h"
#include "sim/dram/trace_run.h"
#include "sim/hw/engine/engine.h"
#include "sim/memory/network_plan.h"
#include "sim/run/timeline.h"

namespace heddle::run {
namespace {

using result::Counters;
using result::LayerRecord;

// A layer of a sample, counted but not yet timed.
struct Counted {
  LayerRecord record;
  std::vector<arch::Cost> costs;  // of its blocks
};

Counted count_layer(const arch::AcceleratorConfig& config, const memory::NetworkPlan& plan, std::size_t step,
                    const trace::Trace& trace, const workload::Layer& layer, std::uint32_t sample) {
  const arch::Accelerator& accelerator = *config.accelerator;
  arch::MappingOptions mapping = config.mapping;
  // A memory plan brings weights pass by pass.
  if (plan.has_off_chip()) mapping.step_order = arch::StepOrder::passes_first;
  const arch::LayerData data(trace, layer, sample, accelerator, mapping);
  const auto prepared = accelerator.prepare(data.input());
  Counted out;
  arch::Cost cost;
  for (const auto& block : memory::blocks_of(plan.blocking(step), plan.shape(step))) {
    out.costs.push_back(accelerator.price(data.input(), *prepared, block));
    cost += out.costs.back();
  }
  out.record = {.name = layer.id,
                .op = layer.op_name(),
                .activation_bits = layer.precision.activation_bits,
                .weight_bits = layer.precision.weight_bits,
                .counters = {},
                .details = plan.describe_layer(step)};
  Counters& c = out.record.counters;
  c.macs = layer.geometry.macs();
  c.compute_cycles = cost.compute;
  c.lane_cycles = {cost.lanes.effective, cost.lanes.synchronisation, cost.lanes.edge, cost.lanes.fill};
  c.on_chip_bytes.weights = bytes_holding(cost.weight_read);
  c.on_chip_bytes.input_activations = bytes_holding(cost.activation_read);
  c.on_chip_bytes.output_activations =
      bytes_holding(Bits(layer.geometry.output_values() * accelerator.container_bits()));
  c.on_chip_bytes.metadata = bytes_holding(accelerator.weight_metadata(data.input(), *prepared));
  c.events.assign(cost.events.begin(),
                  cost.events.begin() + static_cast<std::ptrdiff_t>(config.model->events.size()));
  return out;
}

// Layers of all samples of one accelerator, sample by sample.
using CountedNetwork = std::vector<Counted>;

memory::WorkList schedule(const memory::NetworkPlan& plan, const CountedNetwork& counted, std::size_t steps) {
  std::vector<std::vector<std::vector<arch::Cost>>> costs(counted.size() / steps);
  for (std::size_t i = 0; i < counted.size(); ++i) costs[i / steps].push_back(counted[i].costs);
  return plan.work_list(costs);
}

config::Json dram_json(const dram::ChannelCounters& c, const std::optional<dram::EnergyReport>& energy) {
  return {{"read_bursts", c.reads},
          {"write_bursts", c.writes},
          {"row_hits", c.row_hits},
          {"activates", c.activates},
          {"precharges", c.precharges},
          {"refreshes_all_bank", c.refreshes_all_bank},
          {"refreshes_per_bank", c.refreshes_per_bank},
          {"energy_pj", energy ? dram::to_json(*energy) : config::Json(nullptr)}};
}

// What every memory moved, between it and the array or the DMA.
config::Json memory_json(const hw::Timing& timing, Bytes most_weights_held) {
  Bytes weights(0);
  Bytes others(0);
  for (const auto& layer : timing.moved_by_layer) {
    weights += layer.weights + layer.metadata;
    others += layer.input_activations;
  }
  // Spilled partial sums come back as they went.
  const Bytes sums_read = timing.off_chip_read - weights - others;
  config::Json out{{"activation_memory",
                    {{"array_read_bytes", timing.activation_memory_read.count()},
                     {"array_written_bytes", timing.activation_memory_written.count()},
                     {"dma_read_bytes", timing.off_chip_written.count()},
                     {"dma_written_bytes", (others + sums_read).count()}}},
                   {"input_buffer",
                    {{"written_bytes", timing.input_buffer_written.count()},
                     {"read_bytes", timing.input_buffer_read.count()}}},
                   {"output_buffer",
                    {{"written_bytes", timing.output_buffer_written.count()},
                     {"read_bytes", timing.output_buffer_read.count()}}},
                   {"weight_memory",
                    {{"array_read_bytes", timing.weight_memory_read.count()},
                     {"dma_written_bytes", weights.count()},
                     {"most_held_bytes", most_weights_held.count()}}},
                   {"off_chip",
                    {{"read_bytes", timing.off_chip_read.count()},
                     {"written_bytes", timing.off_chip_written.count()},
                     {"transfers", timing.transfers.size()}}}};
  if (timing.dram) out["off_chip"]["dram"] = dram_json(*timing.dram, timing.dram_energy);
  return out;
}

// Writes what an engine measured into its records. Asserts that it did the work that was planned.
void fill(result::RunRecord& run, const CountedNetwork& counted, const memory::NetworkPlan& plan,
          const hw::Timing& timing, bool exact_bytes) {
  std::size_t i = 0;
  std::vector<Bytes> moved(run.samples.front().layers.size());
  for (auto& sample : run.samples) {
    for (std::size_t step = 0; step < sample.layers.size(); ++step, ++i) {
      LayerRecord& layer = sample.layers[step];
      layer = counted[i].record;
      const hw::LayerTime& time = timing.layers[i];
      HEDDLE_CHECK(time.compute == layer.counters.compute_cycles,
                   "the engine computed other cycles than were counted");
      layer.counters.cycles = time.cycles;
      layer.counters.stall_cycles = time.stalls;
      layer.counters.off_chip_bytes = timing.moved_by_layer[i];
      moved[step] += sum_fields(timing.moved_by_layer[i]);
    }
  }
  for (std::size_t step = 0; step < moved.size(); ++step) {
    const Bytes planned = plan.planned_bytes(step);
    if (exact_bytes ? moved[step] == planned : moved[step] >= planned) continue;
    throw Error(
        ErrorKind::internal, "layer " + run.samples.front().layers[step].name,
        fmt::format("{} off-chip bytes were planned, {} moved", planned.count(), moved[step].count()));
  }
}

void describe_time(result::RunRecord& run, const hw::Timing& timing, const memory::WorkList& list,
                   const memory::NetworkPlan& plan, const memory::MemoryConfig& memory) {
  if (memory.is_compute_only) return;
  const Bytes held = most_weights_held(timing, list);
  HEDDLE_CHECK(held <= memory.weight_memory.capacity, "the weight memory held more than it can");
  run.memory = memory_json(timing, held);
  std::vector<Bytes> rooms;
  const std::size_t steps = run.samples.front().layers.size();
  for (std::size_t i = 0; i < timing.layers.size(); ++i) rooms.push_back(plan.activation_room(i % steps));
  run.timeline = timeline_of(timing, list, rooms);
}

// Whether a run looks at the trace's values at all: counting, compressed sizes and verification do.
bool reads_values(const arch::AcceleratorConfig& config, const memory::MemoryConfig& memory) {
  const arch::Needs needs = config.accelerator->needs();
  const auto storage = memory.storage.value_or(config.accelerator->storage());
  return needs.activations || needs.weights || config.is_bit_true ||
         (memory.off_chip != memory::OffChipKind::none && storage == arch::Storage::compressed);
}

result::RunRecord header(const arch::AcceleratorConfig& config, const memory::MemoryConfig& memory,
                         const trace::Trace& trace) {
  result::RunRecord run;
  run.accelerator = config.echo;
  run.accelerator["memory"] = memory.echo;
  const workload::Network& network = trace.network();
  run.network = {{"name", network.name}, {"trace_sha256", trace.digest()}, {"samples", network.samples}};
  if (!network.accuracy.is_null()) run.network["accuracy"] = network.accuracy;
  run.network["provenance"] = network.provenance;
  for (const auto& event : config.model->events) run.events.emplace_back(event.name, event.unit);
  run.array_lanes = config.accelerator->shape().lanes();
  run.frequency_mhz = config.frequency_mhz;
  run.notes = config::Json::array();
  for (const auto& text : config.echo.at("assumptions"))
    run.notes.push_back("assumption: " + text.get<std::string>());
  for (const auto& text : config.accelerator->notes()) run.notes.push_back(text);
  for (const auto& text : memory.notes) run.notes.push_back(text);
  if (network.samples == 0)
    run.notes.push_back("the trace holds shapes and precisions only; one inference is counted");
  else if (!reads_values(config, memory))
    run.notes.push_back(
        "cycles follow from shapes and precisions; the trace's values were not read (heddle trace validate "
        "does)");
  return run;
}

}  // namespace

std::vector<result::RunRecord> run_network(std::span<const arch::AcceleratorConfig> accelerators,
                                           std::span<const memory::MemoryConfig> memories,
                                           const trace::Trace& trace, const Options& options) {
  std::vector<const workload::Layer*> layers;
  for (const auto& layer : trace.network().layers) {
    if (layer.is_array()) layers.push_back(&layer);
  }
  if (layers.empty())
    throw Error(ErrorKind::workload, trace.name(), "the network has no array layer (conv2d, linear, matmul)");
  const std::uint32_t samples = std::max(1U, trace.network().samples);

  std::vector<result::RunRecord> runs;
  std::deque<memory::NetworkPlan> plans;
  for (std::size_t a = 0; a < accelerators.size(); ++a) {
    runs.push_back(header(accelerators[a], memories[a], trace));
    for (std::uint32_t s = 0; s < samples; ++s)
      runs.back().samples.push_back({s, std::vector<LayerRecord>(layers.size())});
  }
  for (std::size_t a = 0; a < accelerators.size(); ++a) {
    plans.emplace_back(accelerators[a], memories[a], trace);
    runs[a].plan = plans[a].describe();
  }
  std::vector<CountedNetwork> counted(accelerators.size(), CountedNetwork(samples * layers.size()));
  const std::size_t all = accelerators.size() * samples * layers.size();
  std::size_t done = 0;
  std::mutex progress_mutex;
  parallel_for(all, [&](std::size_t i) {
    const std::size_t layer = i % layers.size();
    const std::size_t sample = i / layers.size() % samples;
    const std::size_t accelerator = i / layers.size() / samples;
    counted[accelerator][sample * layers.size() + layer] =
        count_layer(accelerators[accelerator], plans[accelerator], layer, trace, *layers[layer],
                    static_cast<std::uint32_t>(sample));
    if (options.progress) {
      const std::lock_guard lock(progress_mutex);
      options.progress(++done, all, layers[layer]->id);
    }
  });
  std::deque<memory::WorkList> lists;
  std::vector<hw::Job> jobs;
  for (std::size_t a = 0; a < accelerators.size(); ++a) {
    lists.push_back(schedule(plans[a], counted[a], layers.size()));
    jobs.push_back({lists.back(), memories[a], accelerators[a].frequency_mhz});
  }
  const auto timings = hw::simulate(jobs);
  for (std::size_t a = 0; a < accelerators.size(); ++a) {
    describe_time(runs[a], timings[a], lists[a], plans[a], memories[a]);
    if (options.timed) options.timed(a, timings[a]);
    fill(runs[a], counted[a], plans[a], timings[a], memories[a].off_chip != memory::OffChipKind::dram);
  }
  for (const auto& run : runs) {
    for (const auto& sample : run.samples) {
      for (const auto& layer : sample.layers)
        check_ledger(layer.counters, run.array_lanes, "layer " + layer.name);
    }
    check_ledger(run.totals(), run.array_lanes, "totals");
  }
  return runs;
}

}  // namespace heddle::run
