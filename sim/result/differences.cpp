// SPDX-License-Identifier: Apache-2.0
#include "sim/result/differences.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace heddle::result {
namespace {

using config::Json;

constexpr std::size_t kMostKeys = 4;  // named of memories that differ

using Show = std::function<std::string(const Json& result)>;

// What each result shows, "dadn 980 MHz, stripes 200 MHz"; empty where all show the same.
std::string shown_where_different(std::span<const LabelledResult> results, const Show& show) {
  std::string text;
  bool is_different = false;
  const std::string first = show(results.front().result);
  for (const auto& item : results) {
    const std::string shown = show(item.result);
    is_different = is_different || shown != first;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", item.label, shown);
  }
  return is_different ? text : std::string();
}

// "clocks differ: dadn 980 MHz, stripes 200 MHz"; nothing where all show the same.
void add_where_different(std::vector<Difference>& out, std::span<const LabelledResult> results,
                         const char* what, const std::string& title, const Show& show) {
  const std::string text = shown_where_different(results, show);
  if (!text.empty()) out.push_back({what, title + text});
}

// The keys in which two memory sections differ, a few of them.
std::string keys_that_differ(const Json& a, const Json& b) {
  const Json flat_a = a.flatten();
  const Json flat_b = b.flatten();
  std::vector<std::string> keys;
  const auto collect = [&keys](const Json& from, const Json& other) {
    for (const auto& [pointer, value] : from.items()) {
      if (other.contains(pointer) && other[pointer] == value) continue;
      std::string key = pointer.substr(1);
      std::replace(key.begin(), key.end(), '/', '.');
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  };
  collect(flat_a, flat_b);
  collect(flat_b, flat_a);
  std::string out;
  for (std::size_t i = 0; i < keys.size() && i < kMostKeys; ++i) out += (i > 0 ? ", " : "") + keys[i];
  if (keys.size() > kMostKeys) out += fmt::format(" and {} more", keys.size() - kMostKeys);
  return out;
}

void add_memories(std::vector<Difference>& out, std::span<const LabelledResult> results) {
  const Json& first = results.front().result["accelerator"]["memory"];
  const auto kind = [](const Json& memory) { return memory.is_object() ? "has one" : "has none"; };
  std::string text;
  for (const auto& item : results.subspan(1)) {
    const Json& memory = item.result["accelerator"]["memory"];
    if (memory == first) continue;
    text += (text.empty() ? "" : "; ") + item.label;
    if (memory.is_object() && first.is_object())
      text += " in " + keys_that_differ(first, memory);
    else
      text += fmt::format(" {}, {} {}", kind(memory), results.front().label, kind(first));
  }
  if (!text.empty()) out.push_back({"memory", "memories differ from that of the baseline: " + text});
}

// "mappings differ: image_layer: dadn plain, stripes folded".
void add_mappings(std::vector<Difference>& out, std::span<const LabelledResult> results) {
  std::string text;
  for (const auto& entry : results.front().result["accelerator"]["mapping"].items()) {
    const std::string& key = entry.key();
    const std::string values = shown_where_different(results, [&key](const Json& result) {
      const Json value = result["accelerator"]["mapping"].value(key, Json());
      return value.is_string() ? value.get<std::string>() : value.dump();
    });
    if (!values.empty()) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", key, values);
  }
  if (!text.empty()) out.push_back({"mapping", "mappings differ: " + text});
}

std::string shown_trace(const Json& result) {
  return fmt::format("{} ({}..., {} layers)", result["network"]["name"].get<std::string>(),
                     result["network"]["trace_sha256"].get<std::string>().substr(0, 8),
                     result["layers"].size());
}

}  // namespace

std::string values_of(const Json& result) {
  const Json& network = result["network"];
  if (network.contains("values")) return network["values"].get<std::string>();
  if (network.contains("synthetic_values")) return network["synthetic_values"]["label"].get<std::string>();
  return network["samples"] == 0 ? "none" : "trace";
}

namespace {

std::string shown_peak(const Json& result) {
  const Json& array = result["array"];
  return array.contains("peak_macs_per_cycle")
             ? fmt::format("{:.6g}", array["peak_macs_per_cycle"].get<double>())
             : "unknown";
}

}  // namespace

std::vector<Difference> differences_of(std::span<const LabelledResult> results) {
  std::vector<Difference> out;
  add_where_different(out, results, "trace", "traces differ: ", shown_trace);
  add_where_different(out, results, "values", "values differ: ", values_of);
  add_where_different(out, results, "results_revision", "results revisions differ: ", [](const Json& r) {
    return r["results_revision"].dump();
  });
  add_where_different(out, results, "fidelity",
                      "fidelities differ: ", [](const Json& r) { return r["fidelity"].get<std::string>(); });
  add_where_different(out, results, "clock", "clocks differ: ", [](const Json& r) {
    return fmt::format("{:.6g} MHz", r["array"]["frequency_mhz"].get<double>());
  });
  add_where_different(out, results, "peak", "peak MACs per cycle differ: ", shown_peak);
  add_mappings(out, results);
  add_memories(out, results);
  return out;
}

}  // namespace heddle::result
