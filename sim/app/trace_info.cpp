// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/trace_verbs.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/run/shipped.h"
#include "sim/trace/trace.h"

namespace heddle::app {
namespace {

using config::Json;
using result::grouped;

std::string shape_text(const workload::Layer& layer) {
  const workload::Geometry& g = layer.geometry;
  if (layer.op == workload::Op::conv2d) {
    std::string text = fmt::format("{}x{}x{} * {}x{}x{}x{} -> {}x{}x{}", g.channels, g.height, g.width,
                                   g.filters, g.channels / g.groups, g.kernel_height, g.kernel_width,
                                   g.filters, g.out_height, g.out_width);
    if (g.groups > 1) text += fmt::format(", {} groups", g.groups);
    return text;
  }
  if (layer.is_array())
    return fmt::format("{}x{} * {}x{} -> {}x{}", g.width, g.channels, g.filters, g.channels / g.groups,
                       g.width, g.filters);
  return "-> " + fmt::format("{}", fmt::join(layer.output_shape, "x"));
}

Json info_json(const trace::Trace& trace) {
  const auto& network = trace.network();
  Json layers = Json::array();
  for (const auto& layer : network.layers) {
    Json row{{"name", layer.id},
             {"op", layer.op_name()},
             {"inputs", layer.inputs},
             {"output_shape", layer.output_shape}};
    if (layer.is_array()) {
      row["macs"] = layer.geometry.macs();
      row["weights"] = layer.geometry.weights();
      row["precision"] = {{"activation_bits", layer.precision.activation_bits},
                          {"weight_bits", layer.precision.weight_bits}};
      row["has_weights"] = trace::Trace::has_values(layer.weight);
      row["has_activations"] = trace::Trace::has_values(layer.activation);
    }
    layers.push_back(std::move(row));
  }
  Json out{{"format", "heddle-trace-info"},   {"version", {1, 0}},          {"name", network.name},
           {"sha256", trace.digest()},        {"samples", network.samples}, {"layers", layers},
           {"provenance", network.provenance}};
  if (!network.accuracy.is_null()) out["accuracy"] = network.accuracy;
  return out;
}

// One line of the keys that the format names; the whole object is in --json.
std::string accuracy_text(const Json& accuracy) {
  std::string text = "accuracy:";
  if (const auto metric = accuracy.find("metric"); metric != accuracy.end() && metric->is_string()) {
    text += " " + metric->get<std::string>();
  }
  const char* separator = " ";
  for (const char* key : {"quantized", "float", "relative"}) {
    const auto value = accuracy.find(key);
    if (value == accuracy.end() || !value->is_number()) continue;
    text += fmt::format("{}{:.4f} {}", separator, value->get<double>(), key);
    separator = ", ";
  }
  if (const auto n = accuracy.find("n"); n != accuracy.end() && n->is_number_unsigned()) {
    text += " (" + grouped(n->get<std::uint64_t>()) + " samples)";
  }
  return text;
}

std::string info_text(const trace::Trace& trace) {
  const auto& network = trace.network();
  std::string text = fmt::format("{}, {} sample{}, sha256 {}\n", network.name, network.samples,
                                 network.samples == 1 ? "" : "s", trace.digest());
  if (!network.accuracy.is_null()) text += accuracy_text(network.accuracy) + "\n";
  text += "made by: " + network.provenance.at("tool").get<std::string>() + "\n";
  for (const auto& assumption : network.assumptions) text += "assumption: " + assumption + "\n";
  result::Table table({"layer", "op", "shape", "Pa", "Pw", "MACs", "values"});
  std::uint64_t macs = 0;
  for (const auto& layer : network.layers) {
    if (!layer.is_array()) {
      table.add({layer.id, layer.op_name(), shape_text(layer), "", "", "", ""});
      continue;
    }
    macs += layer.geometry.macs();
    const bool weights = trace::Trace::has_values(layer.weight);
    const bool activations = trace::Trace::has_values(layer.activation);
    table.add({layer.id, layer.op_name(), shape_text(layer), std::to_string(layer.precision.activation_bits),
               std::to_string(layer.precision.weight_bits), grouped(layer.geometry.macs()),
               weights && activations ? "both"
               : weights              ? "weights"
               : activations          ? "activations"
                                      : "none"});
  }
  table.add({"total", "", "", "", "", grouped(macs), ""});
  return text + "\n" + table.text(1);
}

}  // namespace

int trace_info(const Arguments& arguments) {
  const auto values =
      parse_trace_verb("info", "Show a trace's network: layers, shapes, precisions, provenance.", arguments);
  if (!values) return 0;
  const trace::Trace trace(run::find_trace(required(*values, "trace", "a trace")));
  std::cout << ((*values)["json"].as<bool>() ? info_json(trace).dump(2) + "\n" : info_text(trace));
  return 0;
}

}  // namespace heddle::app
