// SPDX-License-Identifier: Apache-2.0
#include "sim/result/write.h"

#include <fmt/format.h>

#include "sim/base/version.h"

namespace heddle::result {
namespace {

using Ordered = nlohmann::ordered_json;

template <class Struct>
Ordered fields_json(const Struct& s) {
  Ordered out = Ordered::object();
  std::apply([&](auto... f) { ((out[f.name] = (s.*f.member).count()), ...); }, Struct::fields());
  return out;
}

double utilization(const Counters& c, std::uint64_t array_lanes) {
  return ratio(static_cast<double>(c.lane_cycles.effective.count()),
               static_cast<double>(c.cycles.count()) * static_cast<double>(array_lanes));
}

Ordered counters_json(const Counters& c, const RunRecord& run) {
  Ordered out;
  out["macs"] = c.macs;
  out["cycles"] = c.cycles.count();
  out["compute_cycles"] = c.compute_cycles.count();
  out["stall_cycles"] = fields_json(c.stall_cycles);
  out["utilization"] = utilization(c, run.array_lanes);
  out["lane_cycles"] = fields_json(c.lane_cycles);
  out["on_chip_bytes"] = fields_json(c.on_chip_bytes);
  out["on_chip_bytes"]["total"] = sum_fields(c.on_chip_bytes).count();
  out["off_chip_bytes"] = fields_json(c.off_chip_bytes);
  out["off_chip_bytes"]["total"] = sum_fields(c.off_chip_bytes).count();
  if (!run.events.empty()) {
    Ordered events = Ordered::object();
    for (std::size_t i = 0; i < run.events.size(); ++i)
      events[run.events[i].first] = i < c.events.size() ? c.events[i] : 0;
    out["events"] = std::move(events);
  }
  return out;
}

// Decisions are those of all samples; they stand with the sums.
Ordered layer_json(const LayerRecord& layer, const RunRecord& run, bool with_details) {
  Ordered out;
  out["name"] = layer.name;
  out["op"] = layer.op;
  out["precision"] = {{"activation_bits", layer.activation_bits}, {"weight_bits", layer.weight_bits}};
  out.update(counters_json(layer.counters, run));
  if (with_details && !layer.details.is_null()) out["details"] = layer.details;
  return out;
}

double microseconds(Cycles cycles, double frequency_mhz) {
  return static_cast<double>(cycles.count()) / frequency_mhz;
}

}  // namespace

double ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0.0;
}

Ordered to_json(const RunRecord& run) {
  Ordered out;
  out["format"] = "heddle-result";
  out["version"] = {1, 0};
  out["results_revision"] = kResultsRevision;
  out["heddle_version"] = kVersion;
  out["fidelity"] = run.fidelity;
  out["accelerator"] = run.accelerator;
  out["network"] = run.network;
  if (!run.notes.empty()) out["notes"] = run.notes;
  out["array"] = {{"lanes", run.array_lanes}, {"frequency_mhz", run.frequency_mhz}};
  if (!run.verification.is_null()) out["verification"] = run.verification;
  if (!run.plan.is_null()) out["plan"] = run.plan;
  if (!run.memory.is_null()) out["memory"] = run.memory;
  if (!run.timeline.is_null()) out["timeline"] = run.timeline;
  const Counters totals = run.totals();
  out["totals"] = counters_json(totals, run);
  out["totals"]["time_us"] = microseconds(totals.cycles, run.frequency_mhz);
  Ordered layers = Ordered::array();
  for (const auto& layer : run.layer_sums()) layers.push_back(layer_json(layer, run, true));
  out["layers"] = std::move(layers);
  Ordered samples = Ordered::array();
  for (const auto& sample : run.samples) {
    Ordered row;
    row["index"] = sample.index;
    Counters sum;
    for (const auto& layer : sample.layers) sum += layer.counters;
    row["totals"] = counters_json(sum, run);
    row["layers"] = Ordered::array();
    for (const auto& layer : sample.layers) row["layers"].push_back(layer_json(layer, run, false));
    samples.push_back(std::move(row));
  }
  out["samples"] = std::move(samples);
  return out;
}

namespace {

// Names with commas, quotes or line breaks are quoted as RFC 4180 says.
std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

template <class Struct>
void csv_names(std::string& out, const std::string& prefix) {
  std::apply([&](auto... f) { ((out += "," + prefix + f.name), ...); }, Struct::fields());
}
template <class Struct>
void csv_values(std::string& out, const Struct& s) {
  std::apply([&](auto... f) { ((out += "," + std::to_string((s.*f.member).count())), ...); },
             Struct::fields());
}

}  // namespace

std::string to_csv(const RunRecord& run) {
  std::string out = "sample,layer,op,activation_bits,weight_bits,macs,cycles,compute_cycles";
  csv_names<StallCycles>(out, "stall_cycles_");
  out += ",utilization";
  csv_names<LaneCounts>(out, "lane_cycles_");
  csv_names<TensorBytes>(out, "on_chip_bytes_");
  csv_names<TensorBytes>(out, "off_chip_bytes_");
  for (const auto& [name, unit] : run.events) out += "," + name;
  out += "\n";
  for (const auto& sample : run.samples) {
    for (const auto& layer : sample.layers) {
      const Counters& c = layer.counters;
      out += fmt::format("{},{},{},{},{},{},{},{}", sample.index, csv_text(layer.name), layer.op,
                         layer.activation_bits, layer.weight_bits, c.macs, c.cycles.count(),
                         c.compute_cycles.count());
      csv_values(out, c.stall_cycles);
      out += fmt::format(",{:.6f}", utilization(c, run.array_lanes));
      csv_values(out, c.lane_cycles);
      csv_values(out, c.on_chip_bytes);
      csv_values(out, c.off_chip_bytes);
      for (std::size_t i = 0; i < run.events.size(); ++i)
        out += fmt::format(",{}", i < c.events.size() ? c.events[i] : 0);
      out += "\n";
    }
  }
  return out;
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

}  // namespace heddle::result
