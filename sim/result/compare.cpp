// SPDX-License-Identifier: Apache-2.0
#include "sim/result/compare.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/result/differences.h"
#include "sim/result/json.h"
#include "sim/result/schema.h"
#include "sim/result/schema_check.h"
#include "sim/result/write.h"

namespace heddle::result {
namespace {

using config::Json;

// Keys that a minor version of result.json added and that every later result has.
struct AddedKey {
  unsigned minor;
  const char* object;  // in the schema
  const char* key;
};
constexpr std::array kAdded{AddedKey{2, "/properties/array", "peak_macs_per_cycle"},
                            AddedKey{2, "/properties/array", "peak_tops"}, AddedKey{3, "", "notes"},
                            AddedKey{3, "/properties/memory/properties/off_chip", "bandwidth_gb_per_s"}};
// The same for keys of counters, wherever these stand.
constexpr std::array kCounters{"/properties/totals", "/properties/layers/items",
                               "/properties/samples/items/properties/totals",
                               "/properties/samples/items/properties/layers/items"};
constexpr std::array kAddedToCounters{AddedKey{3, "", "lane_utilization"},
                                      AddedKey{3, "/properties/lane_cycles", "folding_zeros"}};

void make_optional(Json& schema, const std::string& object, const char* key) {
  Json& required = schema.at(Json::json_pointer(object))["required"];
  required.erase(std::remove(required.begin(), required.end(), Json(key)), required.end());
}

// Of results of this minor version.
Json schema_of_version(unsigned minor) {
  Json schema = Json(result_schema());
  schema["properties"]["version"] = {{"const", {kResultVersion.major, minor}}};
  for (const auto& added : kAdded) {
    if (minor < added.minor) make_optional(schema, added.object, added.key);
  }
  for (const auto& added : kAddedToCounters) {
    for (const std::string counters : kCounters) {
      if (minor < added.minor) make_optional(schema, counters + added.object, added.key);
    }
  }
  return schema;
}

std::optional<unsigned> minor_of(const Json& version) {
  for (unsigned minor = 0; minor <= kResultVersion.minor; ++minor) {
    if (version == Json::array({kResultVersion.major, minor})) return minor;
  }
  return std::nullopt;
}

std::optional<double> number(const Json& object, const char* key) {
  return object.contains(key) ? std::optional<double>(object[key].get<double>()) : std::nullopt;
}

// A row of the baseline, and of another.
struct Pair {
  const Json& baseline;
  const Json& other;
};

ComparedCounters entry(const Pair& results, const Pair& counters) {
  const auto cycles = [](const Json& c) { return c.at("cycles").get<std::uint64_t>(); };
  const auto time = [&](const Json& result, const Json& c) {
    return static_cast<double>(cycles(c)) / result["array"]["frequency_mhz"].get<double>();
  };
  ComparedCounters out;
  out.cycles = cycles(counters.other);
  out.time_us = time(results.other, counters.other);
  out.speedup = ratio(time(results.baseline, counters.baseline), out.time_us);
  out.cycles_ratio =
      ratio(static_cast<double>(cycles(counters.baseline)), static_cast<double>(cycles(counters.other)));
  const auto peak = number(results.other["array"], "peak_macs_per_cycle");
  const auto baseline_peak = number(results.baseline["array"], "peak_macs_per_cycle");
  if (peak && baseline_peak && *peak > 0) out.speedup_per_peak_mac = out.speedup * *baseline_peak / *peak;
  out.utilization = counters.other.at("utilization").get<double>();
  out.lane_utilization = number(counters.other, "lane_utilization");
  out.off_chip_bytes = counters.other.at("off_chip_bytes").at("total").get<std::uint64_t>();
  out.on_chip_bytes = counters.other.at("on_chip_bytes").at("total").get<std::uint64_t>();
  return out;
}

ComparedAccelerator accelerator_of(const LabelledResult& item, const Json& baseline, bool with_layers) {
  const Json& result = item.result;
  ComparedAccelerator out{.name = result["accelerator"]["name"].get<std::string>(),
                          .label = item.label,
                          .network = result["network"]["name"].get<std::string>(),
                          .fidelity = result["fidelity"].get<std::string>(),
                          .values = values_of(result),
                          .frequency_mhz = result["array"]["frequency_mhz"].get<double>(),
                          .peak_macs_per_cycle = number(result["array"], "peak_macs_per_cycle"),
                          .peak_tops = number(result["array"], "peak_tops"),
                          .notes = result.value("notes", std::vector<std::string>()),
                          .totals = entry({baseline, result}, {baseline["totals"], result["totals"]}),
                          .layers = {}};
  for (std::size_t i = 0; with_layers && i < result["layers"].size(); ++i) {
    const Json& layer = result["layers"][i];
    out.layers.push_back(
        {layer["name"].get<std::string>(), entry({baseline, result}, {baseline["layers"][i], layer})});
  }
  return out;
}

void refuse(const std::vector<Difference>& differences, const char* what, const char* option,
            bool is_allowed) {
  std::string values;  // that are drawn in one run alone make another trace of the same network
  for (const auto& difference : differences) {
    if (difference.what == "values") values = difference.text + "; ";
  }
  for (const auto& difference : differences) {
    if (difference.what != what || is_allowed) continue;
    throw Error(ErrorKind::usage, "compare",
                values + difference.text + "; such numbers say little about each other (" + option +
                    " compares them)");
  }
}

}  // namespace

void check_result(const Json& result, const std::string& where) {
  if (!result.is_object() || result.value("format", Json()) != "heddle-result" || !result.contains("version"))
    throw Error(ErrorKind::config, where, "expected a result of `heddle run` (format heddle-result)");
  const auto minor = minor_of(result["version"]);
  if (!minor) {
    throw Error(ErrorKind::config, where,
                "result version " + result["version"].dump(-1, ' ', true, Json::error_handler_t::replace) +
                    fmt::format(", this program reads [{0}, 0] to [{0}, {1}]", kResultVersion.major,
                                kResultVersion.minor));
  }
  check_against(result, schema_of_version(*minor), where);
  if (result["array"]["frequency_mhz"].get<double>() <= 0)
    throw Error(ErrorKind::config, where + ": /array/frequency_mhz", "expected a clock above 0 MHz");
}

TraceComparison compare(std::span<const LabelledResult> results, const CompareOptions& options) {
  const Json& baseline = results.front().result;
  TraceComparison out{.network = baseline["network"]["name"].get<std::string>(),
                      .trace_sha256 = baseline["network"]["trace_sha256"].get<std::string>(),
                      .baseline = results.front().label,
                      .differences = differences_of(results),
                      .accelerators = {}};
  refuse(out.differences, "trace", "--allow-different-traces", options.allows_different_traces);
  refuse(out.differences, "results_revision", "--allow-different-revisions",
         options.allows_different_revisions);
  const bool one_trace = std::none_of(out.differences.begin(), out.differences.end(),
                                      [](const Difference& d) { return d.what == "trace"; });
  for (const auto& item : results) out.accelerators.push_back(accelerator_of(item, baseline, one_trace));
  return out;
}

std::vector<MeanSpeedup> geometric_means(std::span<const TraceComparison> traces) {
  std::vector<MeanSpeedup> out;
  const std::string& baseline = traces.front().baseline;
  const auto add = [](double& sum, double value) { sum += std::log(value); };
  for (const auto& trace : traces) {
    if (trace.baseline != baseline) continue;
    for (const auto& accelerator : trace.accelerators) {
      auto at =
          std::find_if(out.begin(), out.end(), [&](const auto& m) { return m.label == accelerator.label; });
      if (at == out.end()) {
        at = out.insert(at, MeanSpeedup());
        at->label = accelerator.label;
        at->speedup_per_peak_mac = 0;
      }
      ++at->traces;
      const ComparedCounters& totals = accelerator.totals;
      add(at->speedup, totals.speedup);
      add(at->cycles_ratio, totals.cycles_ratio);
      if (!totals.speedup_per_peak_mac) at->speedup_per_peak_mac.reset();
      if (at->speedup_per_peak_mac) add(*at->speedup_per_peak_mac, *totals.speedup_per_peak_mac);
    }
  }
  for (auto& mean : out) {
    const auto count = static_cast<double>(mean.traces);
    mean.speedup = std::exp(mean.speedup / count);
    mean.cycles_ratio = std::exp(mean.cycles_ratio / count);
    if (mean.speedup_per_peak_mac) mean.speedup_per_peak_mac = std::exp(*mean.speedup_per_peak_mac / count);
  }
  return out;
}

}  // namespace heddle::result
