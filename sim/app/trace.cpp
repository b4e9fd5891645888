// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/trace.h"

#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/run/shipped.h"
#include "sim/trace/statistics.h"
#include "sim/trace/validate.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;
using result::grouped;

std::optional<po::variables_map> parse(const std::string& verb, const std::string& summary,
                                       const Arguments& arguments) {
  CommandLine line("heddle trace " + verb + " TRACE [--json]", summary,
                   "heddle trace " + verb + " digits-16b");
  line.options()("trace", po::value<std::string>(), "a trace directory, a tar, or the name of a shipped one")(
      "json", po::bool_switch(), "print JSON on standard output");
  line.positional("trace", 1);
  return line.parse(arguments);
}

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

int info(const Arguments& arguments) {
  const auto values =
      parse("info", "Show a trace's network: layers, shapes, precisions, provenance.", arguments);
  if (!values) return 0;
  const trace::Trace trace(run::find_trace(required(*values, "trace", "a trace")));
  if ((*values)["json"].as<bool>()) {
    std::cout << info_json(trace).dump(2) << "\n";
    return 0;
  }
  const auto& network = trace.network();
  std::cout << network.name << ", " << network.samples << " samples, sha256 " << trace.digest() << "\n";
  if (!network.accuracy.is_null()) std::cout << accuracy_text(network.accuracy) << "\n";
  std::cout << "made by: " << network.provenance.at("tool").get<std::string>() << "\n";
  for (const auto& text : network.assumptions) std::cout << "assumption: " << text << "\n";
  std::cout << "\n";
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
  std::cout << table.text(1);
  return 0;
}

int validate(const Arguments& arguments) {
  const auto values =
      parse("validate", "Check a trace: schema, digests, shapes, ranges, expected accumulators.", arguments);
  if (!values) return 0;
  const auto path = run::find_trace(required(*values, "trace", "a trace"));
  const auto warnings = trace::validate_trace(path);
  if ((*values)["json"].as<bool>()) {
    std::cout << Json{{"format", "heddle-validation"},
                      {"version", {1, 0}},
                      {"valid", true},
                      {"warnings", warnings}}
                     .dump(2)
              << "\n";
    return 0;
  }
  for (const auto& warning : warnings) std::cout << "warning: " << warning << "\n";
  std::cout << path.string() << ": valid\n";
  return 0;
}

Json sizes_json(const trace::StoredSizes& s) {
  return {{"container", s.container.count()},       {"zero_value", s.zero_value.count()},
          {"precision", s.precision.count()},       {"groups_zero_vector", s.groups.zero_vector.count()},
          {"groups_plain", s.groups.plain.count()}, {"compressed", s.compressed.count()}};
}

std::string of_container(Bits bits, const trace::StoredSizes& sizes) {
  return fmt::format("{:.1f} %",
                     100.0 * static_cast<double>(bits.count()) /
                         static_cast<double>(std::max<std::uint64_t>(1, sizes.container.count())));
}

std::vector<std::string> stats_row(const trace::TensorStats& s) {
  const auto n = static_cast<double>(std::max<std::uint64_t>(1, s.values));
  return {s.layer,
          s.role,
          grouped(s.values),
          fmt::format("{:.1f} %", 100.0 * static_cast<double>(s.zeros) / n),
          std::to_string(s.smallest),
          std::to_string(s.largest),
          std::to_string(s.precision_bits),
          fmt::format("{:.2f}", static_cast<double>(s.magnitude_ones) / n),
          of_container(s.sizes.zero_value, s.sizes),
          of_container(s.sizes.precision, s.sizes),
          of_container(s.sizes.compressed, s.sizes)};
}

Json stats_json(const trace::TensorStats& s) {
  return {{"layer", s.layer},
          {"tensor", s.role},
          {"signed", s.is_signed},
          {"precision_bits", s.precision_bits},
          {"values", s.values},
          {"zeros", s.zeros},
          {"min", s.smallest},
          {"max", s.largest},
          {"magnitude_ones", s.magnitude_ones},
          {"magnitude_bits_histogram", s.magnitude_bits},
          {"bits", sizes_json(s.sizes)}};
}

// The sum over all tensors of a role, as a row under the table.
std::vector<std::string> total_row(const std::vector<trace::TensorStats>& rows, const std::string& role,
                                   Json& json) {
  trace::StoredSizes sizes;
  std::uint64_t values = 0;
  for (const auto& s : rows) {
    if (s.role != role && role != "all") continue;
    sizes += s.sizes;
    values += s.values;
  }
  json[role] = {{"values", values}, {"bits", sizes_json(sizes)}};
  return {"total",
          role,
          grouped(values),
          "",
          "",
          "",
          "",
          "",
          of_container(sizes.zero_value, sizes),
          of_container(sizes.precision, sizes),
          of_container(sizes.compressed, sizes)};
}

int stats(const Arguments& arguments) {
  CommandLine line("heddle trace stats TRACE [--json] [--container-bits 16]",
                   "Show statistics of the values of every tensor, and how small they can be stored.",
                   "heddle trace stats digits-16b");
  line.options()("trace", po::value<std::string>(), "a trace directory, a tar, or the name of a shipped one")(
      "json", po::bool_switch(), "print JSON on standard output")(
      "container-bits", po::value<unsigned>()->default_value(16),
      "16 or 8: bits that a value takes when it is not compressed");
  line.positional("trace", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto container_bits = (*values)["container-bits"].as<unsigned>();
  if (container_bits != 8 && container_bits != 16) {
    throw Error(ErrorKind::usage, "--container-bits",
                "expected 8 or 16, found " + std::to_string(container_bits));
  }
  const trace::Trace trace(run::find_trace(required(*values, "trace", "a trace")));
  const auto rows = trace::trace_stats(trace, container_bits);
  if (rows.empty())
    throw Error(ErrorKind::workload, trace.name(), "holds shapes and precisions only, no values");
  Json json = Json::array();
  result::Table table({"layer", "tensor", "values", "zero", "min", "max", "P", "mean ones", "zero-value",
                       "precision", "DPRed"});
  for (const auto& s : rows) {
    table.add(stats_row(s));
    json.push_back(stats_json(s));
  }
  Json totals = Json::object();
  for (const char* role : {"weight", "activation", "all"}) table.add(total_row(rows, role, totals));
  if ((*values)["json"].as<bool>()) {
    std::cout << Json{{"format", "heddle-trace-statistics"},
                      {"version", {1, 0}},
                      {"container_bits", container_bits},
                      {"tensors", json},
                      {"totals", totals}}
                     .dump(2)
              << "\n";
  } else {
    std::cout << table.text(3) << "\nlast three columns: stored bits over containers of " << container_bits
              << ", when zeros take a flag, when every value takes the layer's P,\n"
                 "and in DPRed groups of 16 with their own P, each tensor in the cheaper of the two forms\n";
  }
  return 0;
}

}  // namespace

int trace_command(const Arguments& arguments) {
  const std::vector<std::string> verbs{"info", "validate", "stats", "import"};
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h") {
    std::cout << "usage: heddle trace info|validate|stats TRACE [--json]   (heddle trace VERB --help)\n"
                 "       heddle trace import dnnsim|scalesim ... -o TRACE\n\n"
                 "example:\n  heddle trace info digits-16b\n";
    if (arguments.empty())
      throw Error(ErrorKind::usage, "heddle trace", "expected one of info, validate, stats, import");
    return 0;
  }
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (arguments.front() == "info") return info(rest);
  if (arguments.front() == "validate") return validate(rest);
  if (arguments.front() == "stats") return stats(rest);
  if (arguments.front() == "import") return trace_import_command(rest);
  throw Error(ErrorKind::usage, "heddle trace",
              "unknown verb " + in_quotes(arguments.front()) + suggestion(arguments.front(), verbs));
}

}  // namespace heddle::app
