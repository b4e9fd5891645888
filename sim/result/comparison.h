// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/result/fields.h"

// What `heddle compare` writes, described like a result (fields.h).
namespace heddle::result {

struct ComparisonVersion {
  unsigned major = 1;
  unsigned minor = 2;
};
inline constexpr ComparisonVersion kComparisonVersion{1, 2};

struct ComparedCounters {
  std::uint64_t cycles = 0;
  double time_us = 0;
  double speedup = 0;
  double cycles_ratio = 0;
  std::optional<double> speedup_per_peak_mac;
  double utilization = 0;
  std::optional<double> lane_utilization;
  std::uint64_t off_chip_bytes = 0;
  std::uint64_t on_chip_bytes = 0;
  static constexpr auto fields() {
    using C = ComparedCounters;
    return std::tuple{
        fact("cycles", &C::cycles, "cycles", "cycles of the accelerator's clock"),
        fact("time_us", &C::time_us, "us", "the same at its clock"),
        fact("speedup", &C::speedup, "", "the baseline's time / its time"),
        fact("cycles_ratio", &C::cycles_ratio, "",
             "the baseline's cycles / its cycles: the speed-up where clocks are equal, and no speed-up where "
             "they "
             "differ"),
        fact("speedup_per_peak_mac", &C::speedup_per_peak_mac, "",
             "`speedup` x the baseline's peak / its peak; absent where a result states no peak"),
        fact("utilization", &C::utilization, "share", "as in the result"),
        fact("lane_utilization", &C::lane_utilization, "share",
             "as in the result; absent where the result states none"),
        fact("off_chip_bytes", &C::off_chip_bytes, "bytes", "total over the off-chip interface"),
        fact("on_chip_bytes", &C::on_chip_bytes, "bytes", "total between on-chip memories and tiles")};
  }
};

struct ComparedLayer {
  std::string name;
  ComparedCounters counters;
  static constexpr auto fields() {
    return std::tuple{fact("name", &ComparedLayer::name, "", "name of the layer"),
                      inlined(&ComparedLayer::counters)};
  }
};

struct ComparedAccelerator {
  std::string name;
  std::string label;
  std::string network;
  std::string fidelity;
  std::string values;
  double frequency_mhz = 0;
  std::optional<double> peak_macs_per_cycle;
  std::optional<double> peak_tops;
  std::vector<std::string> changes;
  std::vector<std::string> notes;
  ComparedCounters totals;
  std::vector<ComparedLayer> layers;
  static constexpr auto fields() {
    using A = ComparedAccelerator;
    return std::tuple{
        fact("name", &A::name, "", "name of the configuration"),
        fact("label", &A::label, "",
             "what tables call it: its name, with its position where several have one name"),
        fact("network", &A::network, "", "name of the network that it ran"),
        fact("fidelity", &A::fidelity, "", "whether processing elements also ran bit by bit")
            .one_of("timing|bit-true"),
        fact("values", &A::values, "",
             "where its values come from: `network.values` of the result; of results up to 1.2, which lack "
             "it, "
             "`none` where the trace has no samples"),
        fact("frequency_mhz", &A::frequency_mhz, "MHz", "clock of the accelerator"),
        fact("peak_macs_per_cycle", &A::peak_macs_per_cycle, "operations per cycle",
             "as in the result; absent where the result states none"),
        fact("peak_tops", &A::peak_tops, "10^12 operations per second", "as in the result"),
        fact("changes", &A::changes, "",
             "what `--set` changed of its configuration (`accelerator.changes` of the result); empty where "
             "nothing was changed"),
        fact("notes", &A::notes, "", "notes of the result"),
        fact("totals", &A::totals, "", "the whole run"),
        fact("layers", &A::layers, "", "per layer, in the order of the network; empty where traces differ")};
  }
};

struct Difference {
  std::string what;
  std::string text;
  static constexpr auto fields() {
    return std::tuple{fact("what", &Difference::what, "", "what differs beside the design")
                          .one_of("trace|values|results_revision|fidelity|clock|peak|mapping|memory"),
                      fact("text", &Difference::text, "", "how, in words")};
  }
};

// The accelerators on one trace.
struct TraceComparison {
  std::string network;
  std::string trace_sha256;
  std::string baseline;
  std::vector<Difference> differences;
  std::vector<ComparedAccelerator> accelerators;
  static constexpr auto fields() {
    using T = TraceComparison;
    return std::tuple{
        fact("network", &T::network, "", "name of the network that the baseline ran"),
        fact("trace_sha256", &T::trace_sha256, "", "digest of its trace"),
        fact("baseline", &T::baseline, "", "label of the baseline"),
        fact("differences", &T::differences, "",
             "what differs between the accelerators beside the design, so that a speed-up has other causes "
             "too"),
        fact("accelerators", &T::accelerators, "", "one entry per accelerator, the baseline first")};
  }
};

// An accelerator over several traces.
struct MeanSpeedup {
  std::string label;
  std::uint64_t traces = 0;
  std::string values;
  std::optional<double> speedup;
  std::optional<double> cycles_ratio;
  std::optional<double> speedup_per_peak_mac;
  static constexpr auto fields() {
    using M = MeanSpeedup;
    return std::tuple{
        fact("label", &M::label, "", "label of the accelerator"),
        fact("traces", &M::traces, "traces", "traces that it and the baseline ran"),
        fact("values", &M::values, "",
             "`values` of the accelerator on these traces, each once, separated by ` + `"),
        fact("speedup", &M::speedup, "",
             "geometric mean of `totals.speedup` over all traces that the baseline ran; absent where the "
             "accelerator could not run one of them, because a mean over other traces compares with none"),
        fact("cycles_ratio", &M::cycles_ratio, "", "geometric mean of `totals.cycles_ratio`; absent alike"),
        fact("speedup_per_peak_mac", &M::speedup_per_peak_mac, "",
             "geometric mean of `totals.speedup_per_peak_mac`; absent alike, and where one of these is "
             "absent")};
  }
};

struct FailedItem {
  std::string item;
  std::string trace;
  std::string message;
  static constexpr auto fields() {
    return std::tuple{fact("item", &FailedItem::item, "", "the configuration, as it was given"),
                      fact("trace", &FailedItem::trace, "", "the trace, as it was given"),
                      fact("message", &FailedItem::message, "", "why it could not run")};
  }
};

struct ComparisonDocument {
  std::string format = "heddle-comparison";
  ComparisonVersion version = kComparisonVersion;
  TraceComparison first;
  std::optional<std::vector<TraceComparison>> more_traces;
  std::optional<std::vector<MeanSpeedup>> geometric_mean;
  std::optional<std::vector<FailedItem>> failed;
  std::vector<std::string> notes;

  [[nodiscard]] std::vector<const TraceComparison*> traces() const {
    std::vector<const TraceComparison*> out{&first};
    if (more_traces) {
      for (const auto& trace : *more_traces) out.push_back(&trace);
    }
    return out;
  }
  static constexpr auto fields() {
    using D = ComparisonDocument;
    return std::tuple{
        fact("format", &D::format, "", "`heddle-comparison`").one_of("heddle-comparison"),
        fact("version", &D::version, "", "version of this format, major and minor"),
        inlined(&D::first),
        fact("more_traces", &D::more_traces, "",
             "the same keys for the second trace and those that follow; absent where there is one"),
        fact("geometric_mean", &D::geometric_mean, "",
             "speed-ups over all traces; absent where there is one"),
        fact("failed", &D::failed, "", "configurations that could not run; absent where all did"),
        fact("notes", &D::notes, "", "what holds for the whole comparison; empty where there is nothing")};
  }
};

}  // namespace heddle::result
