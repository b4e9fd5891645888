// SPDX-License-Identifier: Apache-2.0
#include "sim/result/compare.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
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
                            AddedKey{3, "/properties/network", "values"},
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
                          .changes = result["accelerator"].value("changes", std::vector<std::string>()),
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

// A result whose totals are not the sums of its layers was changed by hand or put together from two.
void check_sum(const Json& result, const char* key, const std::string& where) {
  std::uint64_t sum = 0;
  for (const auto& layer : result["layers"]) sum += layer[key].get<std::uint64_t>();
  const auto total = result["totals"][key].get<std::uint64_t>();
  if (total == sum) return;
  throw Error(ErrorKind::config, where + ": /totals/" + key,
              fmt::format("found {}, but the layers sum to {}", total, sum));
}

// Layers are compared one by one, so that results of one trace list the same layers.
void check_layers(const LabelledResult& baseline, const LabelledResult& other) {
  const Json& ours = baseline.result["layers"];
  const Json& theirs = other.result["layers"];
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    if (i < ours.size() && i < theirs.size() && ours[i]["name"] == theirs[i]["name"]) continue;
    const auto name = [i](const Json& layers) {
      return i < layers.size() ? layers[i]["name"].get<std::string>() : std::string("no layer");
    };
    throw Error(ErrorKind::config, "compare",
                fmt::format("layer {} is {} in {} and {} in {}, although both state the same trace", i + 1,
                            in_quotes(name(ours)), in_quotes(baseline.label), in_quotes(name(theirs)),
                            in_quotes(other.label)));
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
  for (const char* key : {"cycles", "compute_cycles", "macs"}) check_sum(result, key, where);
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
  for (const auto& item : results) {
    if (one_trace) check_layers(results.front(), item);
    out.accelerators.push_back(accelerator_of(item, baseline, one_trace));
  }
  return out;
}

namespace {

// The mean over `runs`, the accelerator's part in each of `traces` traces; figures only where it ran all.
MeanSpeedup mean_of(const std::vector<const ComparedAccelerator*>& runs, std::size_t traces) {
  MeanSpeedup out{.label = runs.front()->label,
                  .traces = runs.size(),
                  .values = {},
                  .speedup = {},
                  .cycles_ratio = {},
                  .speedup_per_peak_mac = {}};
  std::vector<std::string> values;
  for (const auto* run : runs) {
    if (std::find(values.begin(), values.end(), run->values) == values.end()) values.push_back(run->values);
  }
  for (const auto& text : values) out.values += (out.values.empty() ? "" : " + ") + text;
  if (runs.size() < traces) return out;
  const auto mean = [&runs](auto&& figure) {
    double sum = 0;
    for (const auto* run : runs) sum += std::log(figure(run->totals));
    return std::exp(sum / static_cast<double>(runs.size()));
  };
  out.speedup = mean([](const ComparedCounters& c) { return c.speedup; });
  out.cycles_ratio = mean([](const ComparedCounters& c) { return c.cycles_ratio; });
  const bool have_peaks = std::all_of(runs.begin(), runs.end(), [](const ComparedAccelerator* run) {
    return run->totals.speedup_per_peak_mac.has_value();
  });
  if (have_peaks)
    out.speedup_per_peak_mac = mean([](const ComparedCounters& c) { return *c.speedup_per_peak_mac; });
  return out;
}

}  // namespace

std::vector<MeanSpeedup> geometric_means(std::span<const TraceComparison> traces) {
  std::vector<std::string> labels;
  std::vector<std::vector<const ComparedAccelerator*>> runs;  // by label
  std::size_t compared = 0;
  for (const auto& trace : traces) {
    if (trace.baseline != traces.front().baseline) continue;
    ++compared;
    for (const auto& accelerator : trace.accelerators) {
      const auto at = std::find(labels.begin(), labels.end(), accelerator.label) - labels.begin();
      if (static_cast<std::size_t>(at) == labels.size()) {
        labels.push_back(accelerator.label);
        runs.emplace_back();
      }
      runs[static_cast<std::size_t>(at)].push_back(&accelerator);
    }
  }
  std::vector<MeanSpeedup> out;
  out.reserve(runs.size());
  for (const auto& of_label : runs) out.push_back(mean_of(of_label, compared));
  return out;
}

}  // namespace heddle::result
