// SPDX-License-Identifier: Apache-2.0
#include "sim/result/compare.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/result/json.h"
#include "sim/result/table.h"
#include "sim/result/write.h"

namespace heddle::result {
namespace {

using config::Json;

std::string name_of(const Json& result) {
  return result.at("accelerator").at("name").get<std::string>();
}
std::uint64_t cycles_of(const Json& counters) {
  return counters.at("cycles").get<std::uint64_t>();
}

void check_same_network(std::span<const Json> results) {
  for (const auto& result : results) {
    if (result.at("network").at("trace_sha256") != results.front().at("network").at("trace_sha256") ||
        result.at("layers").size() != results.front().at("layers").size()) {
      throw Error(ErrorKind::usage, "compare",
                  "results of different traces: '" +
                      results.front().at("network").at("name").get<std::string>() + "' and '" +
                      result.at("network").at("name").get<std::string>() + "'");
    }
  }
}

Ordered entry(const Json& baseline, const Json& counters) {
  Ordered out;
  out["cycles"] = counters.at("cycles");
  out["speedup"] = ratio(static_cast<double>(cycles_of(baseline)), static_cast<double>(cycles_of(counters)));
  out["utilization"] = counters.at("utilization");
  out["off_chip_bytes"] = counters.at("off_chip_bytes").at("total");
  out["on_chip_bytes"] = counters.at("on_chip_bytes").at("total");
  return out;
}

}  // namespace

namespace {

// Names of the sections and counters that every result holds, as their fields are described.
template <class Struct>
bool holds(const Json& object) {
  bool complete = object.is_object();
  for_each_field<Struct>([&](const auto& field) {
    using Member = std::remove_cvref_t<decltype(std::declval<Struct>().*field.member)>;
    if constexpr (!OptionalOf<Member>::kIs && !std::same_as<Member, NamedCounts>)
      complete = complete && (*field.name == '\0' || object.contains(field.name));
  });
  return complete;
}

}  // namespace

void check_result(const Json& result, const std::string& where) {
  if (!result.is_object() || result.value("format", Json()) != "heddle-result" || !result.contains("version"))
    throw Error(ErrorKind::config, where, "expected a result of `heddle run` (format heddle-result)");
  if (result["version"] != Json::array({1, 0}) && result["version"] != Json::array({1, 1})) {
    throw Error(ErrorKind::config, where,
                "result version " + result["version"].dump() + ", this program reads [1, 0] and [1, 1]");
  }
  const bool complete = holds<ResultDocument>(result) && holds<Counters>(result["totals"]) &&
                        result["layers"].is_array() &&
                        std::all_of(result["layers"].begin(), result["layers"].end(),
                                    [](const Json& layer) { return holds<Counters>(layer); });
  if (!complete)
    throw Error(ErrorKind::config, where, "the result lacks keys of its format (heddle schema result)");
}

Ordered compare_json(std::span<const Json> results) {
  check_same_network(results);
  Ordered out;
  out["format"] = "heddle-comparison";
  out["version"] = {1, 0};
  out["network"] = results.front().at("network").at("name");
  out["trace_sha256"] = results.front().at("network").at("trace_sha256");
  out["baseline"] = name_of(results.front());
  out["accelerators"] = Ordered::array();
  for (const auto& result : results) {
    Ordered row;
    row["name"] = name_of(result);
    row["notes"] = result.contains("notes") ? result["notes"] : Json::array();
    row["totals"] = entry(results.front().at("totals"), result.at("totals"));
    row["layers"] = Ordered::array();
    for (std::size_t i = 0; i < result.at("layers").size(); ++i) {
      Ordered layer{{"name", result["layers"][i].at("name")}};
      layer.update(entry(results.front().at("layers")[i], result["layers"][i]));
      row["layers"].push_back(std::move(layer));
    }
    out["accelerators"].push_back(std::move(row));
  }
  return out;
}

std::string compare_table(std::span<const Json> results) {
  check_same_network(results);
  std::vector<std::string> heading{"layer", name_of(results.front()) + " cycles"};
  for (const auto& result : results.subspan(1)) {
    heading.push_back(name_of(result) + " cycles");
    heading.emplace_back("speedup");
  }
  Table table(heading);
  const auto row = [&](const std::string& name, auto&& counters) {
    std::vector<std::string> cells{name, grouped(cycles_of(counters(results.front())))};
    for (const auto& result : results.subspan(1)) {
      cells.push_back(grouped(cycles_of(counters(result))));
      cells.push_back(fmt::format("{:.3f}x", ratio(static_cast<double>(cycles_of(counters(results.front()))),
                                                   static_cast<double>(cycles_of(counters(result))))));
    }
    table.add(std::move(cells));
  };
  for (std::size_t i = 0; i < results.front().at("layers").size(); ++i) {
    row(results.front()["layers"][i].at("name").get<std::string>(),
        [i](const Json& r) { return r.at("layers")[i]; });
  }
  row("total", [](const Json& r) { return r.at("totals"); });
  return table.text(1);
}

}  // namespace heddle::result
