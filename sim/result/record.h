// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/result/counters.h"
#include "sim/result/plan_record.h"

namespace heddle::result {

// Rises whenever counts change on purpose; golden files depend on it.
inline constexpr int kResultsRevision = 3;

// A number of the configuration, echoed as it was written: 980 stays 980, not 980.0.
struct NumberAsWritten {
  config::Json value;
};

struct ClockRecord {
  NumberAsWritten frequency_mhz;
  static constexpr auto fields() {
    return std::tuple{fact("frequency_mhz", &ClockRecord::frequency_mhz, "MHz", "clock of the accelerator")};
  }
};

// The configuration that ran, defaults included.
struct AcceleratorRecord {
  static constexpr bool kIsSorted = true;
  std::string name;
  std::string model;
  std::string description;
  std::string source;
  // Values of keys that a model, the mapping options and the memory section declare themselves.
  config::Json parameters;
  config::Json mapping;
  std::optional<config::Json> group_widths;  // none where the configuration assumes none
  config::Json memory;
  ClockRecord clock;
  std::vector<std::string> assumptions;
  std::optional<std::vector<std::string>> changes;  // path=value, sorted
  static constexpr auto fields() {
    return std::tuple{
        fact("name", &AcceleratorRecord::name, "", "name of the configuration"),
        fact("model", &AcceleratorRecord::model, "", "the design (`heddle list`)"),
        fact("description", &AcceleratorRecord::description, "", "what this instance is"),
        fact("source", &AcceleratorRecord::source, "", "where the instance was published"),
        fact("parameters", &AcceleratorRecord::parameters, "",
             "keys that the model declares (`heddle describe MODEL`)"),
        fact("mapping", &AcceleratorRecord::mapping, "", "keys of [`mapping`](configuration.md)"),
        fact("group_widths", &AcceleratorRecord::group_widths, "",
             "keys of [`group_widths`](configuration.md#group-widths); absent where none are assumed"),
        fact("memory", &AcceleratorRecord::memory, "", "`none`, or the keys of [`memory`](memory.md)"),
        fact("clock", &AcceleratorRecord::clock, "", "the clock"),
        fact("assumptions", &AcceleratorRecord::assumptions, "",
             "what the configuration assumes beyond its source, and what of it is not physical"),
        fact("changes", &AcceleratorRecord::changes, "",
             "what `--set` changed of the file, path=value as it was given; absent where nothing was "
             "changed")};
  }
};

// Values that a run drew because its trace has none.
struct SyntheticRecord {
  std::string label;
  unsigned generator = 0;
  std::uint64_t seed = 0;
  double zeros_share = 0;
  double prune_share = 0;
  bool assumes_relu = false;
  std::uint64_t activation_tensors = 0;
  std::uint64_t weight_tensors = 0;
  std::string manifest_sha256;
  static constexpr auto fields() {
    using S = SyntheticRecord;
    return std::tuple{
        fact("label", &S::label, "", "what was asked for, defaults included"),
        fact("generator", &S::generator, "", "version of the generator: another one draws other values"),
        fact("seed", &S::seed, "", "seed of the generator"),
        fact("zeros_share", &S::zeros_share, "share", "zeros of activations behind a ReLU").at_most(1),
        fact("prune_share", &S::prune_share, "share", "smallest weights of each filter that became zero")
            .at_most(1),
        fact("assumes_relu", &S::assumes_relu, "",
             "the trace names no function behind any layer, and a ReLU is assumed behind each"),
        fact("activation_tensors", &S::activation_tensors, "layers", "layers whose activations are drawn"),
        fact("weight_tensors", &S::weight_tensors, "layers", "layers whose weights are drawn"),
        fact("manifest_sha256", &S::manifest_sha256, "", "digest of the trace's manifest")};
  }
};

struct NetworkRecord {
  static constexpr bool kIsSorted = true;
  std::string name;
  std::string trace_sha256;
  std::uint32_t samples = 0;
  // As the trace's manifest states them.
  std::optional<config::Json> accuracy;
  config::Json provenance;
  std::string values;
  std::optional<SyntheticRecord> synthetic_values;
  static constexpr auto fields() {
    return std::tuple{
        fact("name", &NetworkRecord::name, "", "name of the network"),
        fact("trace_sha256", &NetworkRecord::trace_sha256, "",
             "digest of the trace's manifest, which holds the digests of all other files; with synthetic "
             "values "
             "also of their label, so that seeds differ"),
        fact("samples", &NetworkRecord::samples, "samples", "samples of the trace; 0: shapes only"),
        fact("accuracy", &NetworkRecord::accuracy, "",
             "accuracy of the quantized network, as the manifest states it; absent where it does not"),
        fact("provenance", &NetworkRecord::provenance, "",
             "where the trace comes from, as the manifest states it"),
        fact("values", &NetworkRecord::values, "",
             "where the run's values come from: `trace`; `none`, where the trace holds shapes and precisions "
             "only; or the label of [synthetic values](synthetic-values.md). Where widths of groups of "
             "weights "
             "are assumed, `; group widths assumed: ` and the assumption follow"),
        fact("synthetic_values", &NetworkRecord::synthetic_values, "",
             "[values that were drawn](synthetic-values.md); absent where all come from the trace")};
  }
};

struct ArrayRecord {
  std::uint64_t lanes = 0;
  double frequency_mhz = 0;
  double peak_macs_per_cycle = 0;
  double peak_tops = 0;
  static constexpr auto fields() {
    return std::tuple{
        fact("lanes", &ArrayRecord::lanes, "lanes", "tiles x rows x columns x 16"),
        fact("frequency_mhz", &ArrayRecord::frequency_mhz, "MHz", "clock of the accelerator"),
        fact("peak_macs_per_cycle", &ArrayRecord::peak_macs_per_cycle, "operations per cycle",
             "products of the widest precision that the array completes per cycle ([peak](#peak))"),
        fact("peak_tops", &ArrayRecord::peak_tops, "10^12 operations per second",
             "the same per second, a multiplication and an addition each")};
  }
};

// What the bit-true array proved about a layer of a sample.
struct VerifiedLayer {
  std::uint32_t sample = 0;
  std::string layer;
  Cycles cycles;
  std::uint64_t outputs = 0;
  std::uint64_t expected_accumulators = 0;
  std::optional<std::vector<std::uint32_t>> passes;
  std::optional<std::vector<std::uint32_t>> window_sets;
  static constexpr auto fields() {
    return std::tuple{fact("sample", &VerifiedLayer::sample, "", "index of the sample"),
                      fact("layer", &VerifiedLayer::layer, "", "name of the layer"),
                      fact("cycles", &VerifiedLayer::cycles, "cycles",
                           "cycles of the bit-true array for what it computed; equal to the counting path's"),
                      fact("outputs", &VerifiedLayer::outputs, "values",
                           "outputs that were compared with integer arithmetic"),
                      fact("expected_accumulators", &VerifiedLayer::expected_accumulators, "values",
                           "of those, outputs that the trace gives as well"),
                      fact("passes", &VerifiedLayer::passes, "",
                           "passes that were computed; only where `fraction` is below 1"),
                      fact("window_sets", &VerifiedLayer::window_sets, "",
                           "window sets that were computed; only where `fraction` is below 1")};
  }
};

struct VerificationRecord {
  static constexpr bool kIsSorted = true;
  double fraction = 1;
  std::uint64_t seed = 0;
  std::uint64_t outputs = 0;
  std::vector<VerifiedLayer> layers;
  static constexpr auto fields() {
    return std::tuple{
        fact("fraction", &VerificationRecord::fraction, "share",
             "share of each layer that was to be computed")
            .at_most(1),
        fact("seed", &VerificationRecord::seed, "", "seed of the choice of passes and window sets"),
        fact("outputs", &VerificationRecord::outputs, "values", "outputs compared, all layers together"),
        fact("layers", &VerificationRecord::layers, "", "one entry per layer and sample")};
  }
};

struct WeightMemoryTotals {
  WeightMemoryBytes moved;
  Bytes most_held;
  static constexpr auto fields() {
    return std::tuple{
        inlined(&WeightMemoryTotals::moved),
        fact("most_held_bytes", &WeightMemoryTotals::most_held, "bytes", "the most it held at any instant")};
  }
};

struct DramEnergy {
  double activate_precharge = 0;
  double read = 0;
  double write = 0;
  double refresh = 0;
  double background = 0;
  double total = 0;
  static constexpr auto fields() {
    return std::tuple{
        fact("activate_precharge", &DramEnergy::activate_precharge, "pJ", "opening and closing rows"),
        fact("read", &DramEnergy::read, "pJ", "read bursts"),
        fact("write", &DramEnergy::write, "pJ", "write bursts"),
        fact("refresh", &DramEnergy::refresh, "pJ", "refreshes"),
        fact("background", &DramEnergy::background, "pJ", "standby, active and precharged"),
        fact("total", &DramEnergy::total, "pJ", "sum of the others")};
  }
};

struct DramTotals {
  DramCommands commands;
  std::optional<DramEnergy> energy_pj;
  static constexpr auto fields() {
    return std::tuple{inlined(&DramTotals::commands),
                      fact("energy_pj", &DramTotals::energy_pj, "pJ",
                           "energy since time zero; null where the device's source gives no currents")
                          .or_null()};
  }
};

struct OffChipTotals {
  Bytes read;
  Bytes written;
  std::uint64_t transfers = 0;
  double bandwidth_gb_per_s = 0;
  std::optional<double> peak_bandwidth_gb_per_s;
  std::optional<double> bandwidth_fraction_of_peak;
  std::optional<DramTotals> dram;
  static constexpr auto fields() {
    return std::tuple{
        fact("read_bytes", &OffChipTotals::read, "bytes", "read, in whole bursts of a DRAM"),
        fact("written_bytes", &OffChipTotals::written, "bytes", "written, in whole bursts of a DRAM"),
        fact("transfers", &OffChipTotals::transfers, "transfers", "descriptors that the DMA worked through"),
        fact("bandwidth_gb_per_s", &OffChipTotals::bandwidth_gb_per_s, "10^9 bytes per second",
             "bytes read and written / time of the whole run"),
        fact("peak_bandwidth_gb_per_s", &OffChipTotals::peak_bandwidth_gb_per_s, "10^9 bytes per second",
             "the most that the memory moves: of a DRAM the data bus of all DRAM channels, of an ideal "
             "memory its bandwidth; absent where that is unlimited or there is no off-chip memory"),
        fact("bandwidth_fraction_of_peak", &OffChipTotals::bandwidth_fraction_of_peak, "share",
             "the first / the second of these; absent with the second"),
        fact("dram", &OffChipTotals::dram, "", "commands and energy of the DRAM; absent without a DRAM")};
  }
};

// What every memory moved in the whole run.
struct MemoryRecord {
  static constexpr bool kIsSorted = true;
  ActivationMemoryBytes activation_memory;
  WeightMemoryTotals weight_memory;
  BufferBytes input_buffer;
  BufferBytes output_buffer;
  OffChipTotals off_chip;
  static constexpr auto fields() {
    return std::tuple{
        fact("activation_memory", &MemoryRecord::activation_memory, "", "the activation memory"),
        fact("weight_memory", &MemoryRecord::weight_memory, "", "the weight memory"),
        fact("input_buffer", &MemoryRecord::input_buffer, "", "the buffer in front of the tiles"),
        fact("output_buffer", &MemoryRecord::output_buffer, "", "the buffer behind the tiles"),
        fact("off_chip", &MemoryRecord::off_chip, "", "the off-chip memory")};
  }
};

inline constexpr std::uint64_t kMostIntervals = 256;

// What happened over time, in equal intervals.
struct TimelineRecord {
  static constexpr bool kIsSorted = true;
  std::uint64_t interval_cycles = 1;
  std::vector<std::uint64_t> off_chip_read_bytes;
  std::vector<std::uint64_t> off_chip_written_bytes;
  std::vector<std::uint64_t> computing_cycles;
  std::vector<std::uint64_t> weight_memory_bytes;
  std::vector<std::uint64_t> activation_memory_bytes;
  std::vector<std::uint64_t> layer_end_cycles;
  static constexpr auto fields() {
    return std::tuple{
        fact("interval_cycles", &TimelineRecord::interval_cycles, "cycles",
             "length of an interval; there are at most 256 intervals"),
        fact("off_chip_read_bytes", &TimelineRecord::off_chip_read_bytes, "bytes",
             "per interval, a transfer spread evenly from when the memory takes it up until it is complete")
            .at_most(kMostIntervals),
        fact("off_chip_written_bytes", &TimelineRecord::off_chip_written_bytes, "bytes",
             "per interval, spread alike")
            .at_most(kMostIntervals),
        fact("computing_cycles", &TimelineRecord::computing_cycles, "cycles",
             "per interval, cycles in which the array computes")
            .at_most(kMostIntervals),
        fact("weight_memory_bytes", &TimelineRecord::weight_memory_bytes, "bytes",
             "per interval, the most that the weight memory holds")
            .at_most(kMostIntervals),
        fact("activation_memory_bytes", &TimelineRecord::activation_memory_bytes, "bytes",
             "per interval, the most that the plan gives a layer that is worked on")
            .at_most(kMostIntervals),
        fact("layer_end_cycles", &TimelineRecord::layer_end_cycles, "cycles",
             "when each layer of each sample ends, sample by sample")};
  }
};

struct Precision {
  unsigned activation_bits = 0;
  unsigned weight_bits = 0;
  static constexpr auto fields() {
    return std::tuple{
        fact("activation_bits", &Precision::activation_bits, "bits", "Pa that was used").at_most(16),
        fact("weight_bits", &Precision::weight_bits, "bits", "Pw that was used").at_most(16)};
  }
};

struct LayerRecord {
  std::string name;
  std::string op;
  Precision precision;
  Counters counters;
  std::optional<LayerDetails> details;  // none without memory
  static constexpr auto fields() {
    return std::tuple{fact("name", &LayerRecord::name, "", "name of the layer"),
                      fact("op", &LayerRecord::op, "", "its operation"),
                      fact("precision", &LayerRecord::precision, "bits", "precisions that were used"),
                      inlined(&LayerRecord::counters),
                      fact("details", &LayerRecord::details, "",
                           "decisions that hold for all samples: absent without memory, and in `samples`")};
  }
};

struct SampleRecord {
  std::uint32_t index = 0;
  std::vector<LayerRecord> layers;
};

// A run while it is filled. write.h turns it into the outputs.
struct RunRecord {
  AcceleratorRecord accelerator;
  NetworkRecord network;
  std::vector<std::string> notes;  // statements that every output repeats
  std::optional<VerificationRecord> verification;
  // None without memory.
  std::optional<PlanRecord> plan;
  std::optional<TimelineRecord> timeline;
  std::optional<MemoryRecord> memory;
  std::uint64_t array_lanes = 0;
  double frequency_mhz = 0;
  double peak_macs_per_cycle = 0;
  unsigned container_bits = 0;
  std::string fidelity = "timing";
  std::vector<SampleRecord> samples;

  // 10^12 operations per second at the peak; a product counts as two, multiplication and addition.
  [[nodiscard]] double peak_tops() const { return 2 * peak_macs_per_cycle * frequency_mhz / 1e6; }
  // The counters with what follows from them and from the array: utilization.
  [[nodiscard]] Counters finished(Counters counters) const;
  [[nodiscard]] Counters totals() const;
  [[nodiscard]] std::vector<LayerRecord> layer_sums() const;  // over samples, in network order
};

}  // namespace heddle::result
