// SPDX-License-Identifier: Apache-2.0
#include "sim/run/records.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/arch/layer_data.h"
#include "sim/base/error.h"
#include "sim/dram/trace_report.h"
#include "sim/result/write.h"
#include "sim/run/drawn_values.h"
#include "sim/run/timeline.h"

namespace heddle::run {
namespace {

using result::LayerRecord;

// The assumption as the configuration states it; none where it states none.
std::optional<config::Json> stated_widths(const arch::AcceleratorConfig& config) {
  if (!config.mapping.assumed_widths.is_stated()) return std::nullopt;
  config::Json out = config.echo.at("group_widths");
  for (auto at = out.begin(); at != out.end();) at = at->is_null() ? out.erase(at) : std::next(at);
  return out;
}

// Layers whose groups of weights have assumed widths, of all that run on the array.
struct AssumingLayers {
  std::size_t assuming = 0;
  std::size_t all = 0;
};

AssumingLayers assuming_layers(const arch::AcceleratorConfig& config, const workload::Network& network) {
  AssumingLayers out;
  if (!config.mapping.assumed_widths.is_stated()) return out;
  for (const auto& layer : network.layers) {
    if (!layer.is_array()) continue;
    const auto lowered = arch::map_onto(layer, config).lowered;
    ++out.all;
    if (arch::needs_unstated_widths(layer, lowered, *config.accelerator)) ++out.assuming;
  }
  return out;
}

// Where the values of a run come from, in the words of `network.values`.
std::string values_of(const arch::AcceleratorConfig& config, const trace::Trace& trace) {
  const auto& layers = trace.network().layers;
  const bool has_values = std::any_of(layers.begin(), layers.end(), [](const workload::Layer& layer) {
    return trace::Trace::has_values(layer.activation) || trace::Trace::has_values(layer.weight);
  });
  const auto drawn = synthetic_record(trace);
  std::string out = drawn ? drawn->label : has_values ? "trace" : "none";
  if (assuming_layers(config, trace.network()).assuming > 0)
    out += "; group widths assumed: " + config.mapping.assumed_widths.text();
  return out;
}

// What is said of assumed widths of groups of weights: of which layers, if any.
void note_assumed_widths(const arch::AcceleratorConfig& config, const workload::Network& network,
                         std::vector<std::string>& notes) {
  const arch::AssumedWidths& assumed = config.mapping.assumed_widths;
  if (!assumed.is_stated()) return;
  const auto [assuming, layers] = assuming_layers(config, network);
  notes.push_back(
      assuming == 0
          ? "group_widths is not used: no layer needs widths of groups of weights beyond the trace's"
          : fmt::format("assumption: group_widths: the widths of groups of 16 weights of {} of {} layers "
                        "are not the network's but {}, at most each layer's Pw",
                        assuming, layers, assumed.text()));
}

result::AcceleratorRecord accelerator_of(const arch::AcceleratorConfig& config,
                                         const memory::MemoryConfig& memory) {
  const config::Json& echo = config.echo;
  return {.name = echo.at("name").get<std::string>(),
          .model = echo.at("model").get<std::string>(),
          .description = echo.at("description").get<std::string>(),
          .source = echo.at("source").get<std::string>(),
          .parameters = echo.at("parameters"),
          .mapping = echo.at("mapping"),
          .group_widths = stated_widths(config),
          .memory = memory.echo,
          .clock = {{echo.at("clock").at("frequency_mhz")}},
          .assumptions = echo.at("assumptions").get<std::vector<std::string>>(),
          .changes = std::nullopt};
}

// Whether widths of groups of weights are found in the weights of a layer.
bool finds_widths(const arch::AcceleratorConfig& config, const workload::Network& network) {
  return config.accelerator->needs().group_widths &&
         std::any_of(network.layers.begin(), network.layers.end(), [](const workload::Layer& layer) {
           return layer.is_array() && layer.precision.group_widths_file.empty() &&
                  trace::Trace::has_values(layer.weight);
         });
}

// Whether a run reads the values of the trace: counting, compressed sizes and verification may need them.
bool reads_values(const arch::AcceleratorConfig& config, const memory::MemoryConfig& memory,
                  const workload::Network& network) {
  if (finds_widths(config, network)) return true;
  const arch::Needs needs = config.accelerator->needs();
  const auto storage = memory.storage.value_or(config.accelerator->storage());
  return needs.activations || needs.weights || config.is_bit_true ||
         (memory.off_chip != memory::OffChipKind::none && storage == arch::Storage::compressed);
}

std::vector<std::string> notes_of(const arch::AcceleratorConfig& config, const memory::MemoryConfig& memory,
                                  const result::AcceleratorRecord& accelerator, const trace::Trace& trace) {
  const workload::Network& network = trace.network();
  const bool are_read = reads_values(config, memory, network);
  std::vector<std::string> notes = synthetic_notes(trace, are_read);
  for (const auto& text : accelerator.assumptions) notes.push_back("assumption: " + text);
  note_assumed_widths(config, network, notes);
  for (const auto& text : network.assumptions) notes.push_back("assumption of the trace: " + text);
  for (const auto& text : config.accelerator->notes()) notes.push_back(text);
  for (const auto& text : memory.notes) notes.push_back(text);
  if (network.samples == 0)
    notes.emplace_back("the trace holds shapes and precisions only; one inference is counted");
  else if (!are_read && trace.source() == nullptr)
    notes.emplace_back(
        "cycles follow from shapes and precisions; the trace's values were not read (heddle trace validate "
        "does)");
  return notes;
}

result::DramCommands commands_of(const dram::ChannelCounters& c) {
  return {.read_bursts = c.reads,
          .write_bursts = c.writes,
          .row_hits = c.row_hits,
          .activates = c.activates,
          .precharges = c.precharges,
          .refreshes_all_bank = c.refreshes_all_bank,
          .refreshes_per_bank = c.refreshes_per_bank};
}

std::optional<result::DramEnergy> energy_of(const std::optional<dram::EnergyReport>& e) {
  if (!e) return std::nullopt;
  return result::DramEnergy{.activate_precharge = e->activate_precharge.count(),
                            .read = e->read.count(),
                            .write = e->write.count(),
                            .refresh = e->refresh.count(),
                            .background = e->background.count(),
                            .total = e->total().count()};
}

// What every memory moved, as the memories themselves counted.
result::MemoryRecord memory_of(const hw::Timing& timing, Bytes most_weights_held) {
  Bytes weights(0);
  for (const auto& layer : timing.moved_by_layer) weights += layer.weights + layer.metadata;
  result::MemoryRecord out{
      .activation_memory = {.array_read = timing.activation_memory_read,
                            .array_written = timing.activation_memory_written,
                            .dma_read = timing.off_chip_written,
                            .dma_written = timing.off_chip_read - weights},
      .weight_memory = {{.array_read = timing.weight_memory_read, .dma_written = weights}, most_weights_held},
      .input_buffer = {.written = timing.input_buffer_written, .read = timing.input_buffer_read},
      .output_buffer = {.written = timing.output_buffer_written, .read = timing.output_buffer_read},
      .off_chip = {.read = timing.off_chip_read,
                   .written = timing.off_chip_written,
                   .transfers = timing.transfers.size(),
                   .peak_bandwidth_gb_per_s = std::nullopt,
                   .bandwidth_fraction_of_peak = std::nullopt,
                   .dram = std::nullopt}};
  if (timing.dram) out.off_chip.dram = {commands_of(*timing.dram), energy_of(timing.dram_energy)};
  return out;
}

// Layer `i` of all samples.
void fill_layer(LayerRecord& layer, const TimedNetwork& timed, std::size_t i) {
  const CountedLayer& counted = timed.counted[i];
  const hw::LayerTime& time = timed.timing.layers[i];
  layer = counted.record;
  HEDDLE_CHECK(time.compute == layer.counters.compute_cycles,
               "layer " + layer.name + ": the engine computed for more or fewer cycles than were counted");
  layer.counters.cycles = time.cycles;
  layer.counters.stall_cycles = time.stalls;
  layer.counters.off_chip_bytes = timed.timing.moved_by_layer[i];
  if (timed.memory.is_compute_only) return;
  layer.counters.memory_accesses = timed.timing.accesses_by_layer[i];
  if (timed.timing.dram) layer.counters.dram_commands = commands_of(timed.timing.dram_by_layer[i]);
}

// The off-chip bytes of every layer over all samples equal the plan's. A DRAM moves whole bursts, so never
// fewer bytes.
void check_plan(const result::RunRecord& run, const TimedNetwork& timed) {
  const auto& layers = run.samples.front().layers;
  for (std::size_t step = 0; step < layers.size(); ++step) {
    Bytes moved(0);
    for (const auto& sample : run.samples) moved += sum_fields(sample.layers[step].counters.off_chip_bytes);
    const Bytes planned = timed.plan.planned_bytes(step);
    const bool is_exact = timed.memory.off_chip != memory::OffChipKind::dram;
    if (is_exact ? moved == planned : moved >= planned) continue;
    throw Error(ErrorKind::internal, "layer " + layers[step].name,
                fmt::format("{} off-chip bytes were planned, {} moved", planned.count(), moved.count()));
  }
}

// Checks the identities of every layer, and that the sums are what the memories counted.
void check_identities(const result::RunRecord& run, const TimedNetwork& timed) {
  std::vector<result::SumBytes> sums(timed.list.layers);
  for (const auto& work : timed.list.items) {
    sums[work.layer].read += work.sums_read;
    sums[work.layer].written += work.sums_written;
  }
  std::size_t i = 0;
  for (const auto& sample : run.samples) {
    for (const auto& layer : sample.layers) {
      const std::string where = fmt::format("layer {}, sample {}", layer.name, sample.index);
      check_ledger(layer.counters, run.array_lanes, where);
      check_books(layer.counters, timed.timing.accesses_by_layer[i],
                  {timed.counted[i].weight_rounding, timed.counted[i].activation_rounding, sums[i]}, where);
      ++i;
    }
  }
  const result::Counters totals = run.totals();
  check_ledger(totals, run.array_lanes, "totals");
  if (run.memory) check_memory(totals, *run.memory);
}

std::optional<double> peak_bandwidth_of(const memory::MemoryConfig& memory) {
  if (memory.off_chip == memory::OffChipKind::dram)
    return dram::peak_bandwidth_gb_per_s(memory.dram.value().parameters);
  if (memory.off_chip == memory::OffChipKind::ideal && memory.ideal.bandwidth_mb_per_s > 0)
    return static_cast<double>(memory.ideal.bandwidth_mb_per_s) * 1e-3;
  return std::nullopt;
}

// Bytes per nanosecond are 10^9 bytes per second.
void fill_bandwidth(result::RunRecord& run, const memory::MemoryConfig& memory) {
  if (!run.memory) return;
  result::OffChipTotals& off_chip = run.memory->off_chip;
  const double time_ns = static_cast<double>(run.totals().cycles.count()) / run.frequency_mhz * 1e3;
  off_chip.bandwidth_gb_per_s =
      result::ratio(static_cast<double>((off_chip.read + off_chip.written).count()), time_ns);
  off_chip.peak_bandwidth_gb_per_s = peak_bandwidth_of(memory);
  if (off_chip.peak_bandwidth_gb_per_s)
    off_chip.bandwidth_fraction_of_peak = off_chip.bandwidth_gb_per_s / *off_chip.peak_bandwidth_gb_per_s;
}

void fill_memory(result::RunRecord& run, const TimedNetwork& timed) {
  if (timed.memory.is_compute_only) return;
  const Bytes held = most_weights_held(timed.timing, timed.list);
  HEDDLE_CHECK(held <= timed.memory.weight_memory.capacity, "the weight memory held more than it can");
  run.memory = memory_of(timed.timing, held);
  std::vector<Bytes> rooms;
  const std::size_t steps = run.samples.front().layers.size();
  for (std::size_t i = 0; i < timed.timing.layers.size(); ++i)
    rooms.push_back(timed.plan.activation_room(i % steps));
  run.timeline = timeline_of(timed.timing, timed.list, rooms);
}

}  // namespace

result::RunRecord empty_record(const arch::AcceleratorConfig& config, const memory::MemoryConfig& memory,
                               const Workload& work) {
  const workload::Network& network = work.trace.network();
  result::RunRecord run;
  run.accelerator = accelerator_of(config, memory);
  run.network = {.name = network.name,
                 .trace_sha256 = work.trace.digest(),
                 .samples = network.samples,
                 .accuracy = std::nullopt,
                 .provenance = network.provenance,
                 .values = values_of(config, work.trace),
                 .synthetic_values = synthetic_record(work.trace)};
  if (!network.accuracy.is_null()) run.network.accuracy = network.accuracy;
  run.notes = notes_of(config, memory, run.accelerator, work.trace);
  run.array_lanes = config.accelerator->shape().lanes();
  run.frequency_mhz = config.frequency_mhz;
  run.peak_macs_per_cycle = config.accelerator->peak_macs_per_cycle();
  run.container_bits = config.accelerator->container_bits();
  for (std::uint32_t s = 0; s < work.samples; ++s)
    run.samples.push_back({s, std::vector<LayerRecord>(work.layers.size())});
  return run;
}

void fill_record(result::RunRecord& run, const TimedNetwork& timed) {
  run.plan = timed.plan.describe();
  for (auto& note : timed.plan.notes()) run.notes.push_back(std::move(note));
  fill_memory(run, timed);
  std::size_t i = 0;
  for (auto& sample : run.samples) {
    for (auto& layer : sample.layers) fill_layer(layer, timed, i++);
  }
  fill_bandwidth(run, timed.memory);
  check_plan(run, timed);
  check_identities(run, timed);
}

}  // namespace heddle::run
