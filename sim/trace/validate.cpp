// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/validate.h"

#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/trace/digest.h"
#include "sim/trace/trace.h"
#include "sim/workload/bricks.h"

namespace heddle::embedded {
extern const std::string_view trace_schema;
}

namespace heddle::trace {
namespace {

using config::Json;

void check_schema(const Trace& trace) {
  const auto bytes = trace.files().bytes("manifest.json");
  const Json manifest = Json::parse(reinterpret_cast<const char*>(bytes.data()),
                                    reinterpret_cast<const char*>(bytes.data()) + bytes.size());
  const Json schema_json = Json::parse(embedded::trace_schema);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter schema_adapter(schema_json);
  parser.populateSchema(schema_adapter, schema);
  valijson::Validator validator;
  const valijson::adapters::NlohmannJsonAdapter target(manifest);
  valijson::ValidationResults results;
  if (validator.validate(schema, target, &results)) return;
  valijson::ValidationResults::Error error;
  std::string message = "does not follow the JSON Schema";
  while (results.popError(error)) {
    std::string path;
    for (const auto& part : error.context) path += part;
    message += "; " + path + ": " + error.description;
  }
  throw Error(ErrorKind::workload, trace.files().where("manifest.json"), message);
}

// Every file of the trace is listed once in the manifest and in SHA256SUMS, and neither lists another file.
void check_listing(const Trace& trace) {
  std::map<std::string, std::string> sums;
  const auto bytes = trace.files().bytes("SHA256SUMS");
  const std::string where = trace.files().where("SHA256SUMS");
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.size() < 67 || line[64] != ' ' || (line[65] != ' ' && line[65] != '*')) {
      throw Error(ErrorKind::workload, fmt::format("{}:{}", where, number), "expected '<sha256>  <file>'");
    }
    if (!sums.emplace(line.substr(66), line.substr(0, 64)).second) {
      throw Error(ErrorKind::workload, fmt::format("{}:{}", where, number),
                  in_quotes(line.substr(66)) + " is listed twice");
    }
  }
  for (const auto& name : trace.files().names()) {
    if (name == "SHA256SUMS") continue;
    const auto sum = sums.find(name);
    if (sum == sums.end())
      throw Error(ErrorKind::workload, where, "file " + in_quotes(name) + " of the trace is missing here");
    const auto entry = trace.manifest().files.find(name);
    if (entry == trace.manifest().files.end() && name != "manifest.json") {
      throw Error(ErrorKind::workload, trace.files().where(name), "is not listed in the manifest");
    }
    const std::string& expected = name == "manifest.json" ? trace.digest() : entry->second.sha256;
    if (sum->second != expected)
      throw Error(ErrorKind::workload, where,
                  "the digest of " + in_quotes(name) + " differs from the manifest's");
    sums.erase(sum);
  }
  if (!sums.empty())
    throw Error(ErrorKind::workload, where,
                "there is no file " + in_quotes(sums.begin()->first) + " in the trace");
}

void check_expected(const Trace& trace, const workload::Layer& layer, std::uint32_t sample,
                    const workload::IntTensor& activations, const workload::IntTensor& weights) {
  const auto expected = trace.expected(layer, sample);
  if (!expected) return;
  const auto bias = trace.bias(layer);
  const workload::Geometry& g = layer.geometry;
  for (std::size_t i = 0; i < expected->accumulators.size(); ++i) {
    const std::uint64_t output = expected->indices.empty() ? i : expected->indices[i];
    const std::uint64_t filter = layer.op == workload::Op::conv2d ? output / g.windows() : output % g.filters;
    const std::int64_t got =
        reference_accumulator(layer, activations, weights, output) + (bias.empty() ? 0 : bias[filter]);
    if (got != expected->accumulators[i]) {
      throw Error(
          ErrorKind::check, trace.files().where(layer.expect[sample]->file),
          fmt::format("layer {}, sample {}, output {}: integer arithmetic gives {}, the trace expects {}",
                      in_quotes(layer.id), sample, output, got, expected->accumulators[i]));
    }
  }
}

void check_layer(const Trace& trace, const workload::Layer& layer) {
  static_cast<void>(trace.group_widths(layer));
  static_cast<void>(trace.bias(layer));
  const bool has_weights = Trace::has_values(layer.weight);
  workload::IntTensor weights;
  if (has_weights && layer.weight.is_static()) weights = trace.weights(layer, 0);
  for (std::uint32_t sample = 0; sample < layer.activation.files.size(); ++sample) {
    const workload::IntTensor activations = trace.activations(layer, sample);
    if (has_weights && !layer.weight.is_static()) weights = trace.weights(layer, sample);
    if (has_weights) check_expected(trace, layer, sample, activations, weights);
  }
}

}  // namespace

std::vector<std::string> validate_trace(const std::filesystem::path& path) {
  const Trace trace(path);
  if (trace.manifest().warnings.empty()) check_schema(trace);
  for (const auto& [name, ignored] : trace.manifest().files) trace.check_digest(name);
  for (const auto& layer : trace.network().layers) {
    if (layer.is_array()) check_layer(trace, layer);
  }
  // Checked last, because an error in a tensor is more informative.
  check_listing(trace);
  return trace.manifest().warnings;
}

}  // namespace heddle::trace
