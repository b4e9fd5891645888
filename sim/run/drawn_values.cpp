// SPDX-License-Identifier: Apache-2.0
#include "sim/run/drawn_values.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/synthetic/generator.h"

namespace heddle::run {
namespace {

using workload::Layer;
using workload::Operand;

Error refuse(const trace::Trace& trace, const Layer& layer, const std::string& what) {
  return {ErrorKind::workload, trace.name(), "layer " + in_quotes(layer.id) + ": " + what};
}

void check_operand(const trace::Trace& trace, const Layer& layer, const Operand& operand, const char* role) {
  if (trace::Trace::has_values(operand)) return;
  const auto& rep = operand.rep;
  if (rep.decode == workload::Representation::Decode::identity && rep.zero_point == 0) return;
  throw refuse(trace, layer,
               fmt::format("synthetic values are plain integers, and the codes of its {} {}", role,
                           rep.zero_point != 0 ? "have a zero point" : "are decoded"));
}

void check_drawable(const trace::Trace& trace) {
  for (const auto& layer : trace.network().layers) {
    if (!layer.is_array()) continue;
    check_operand(trace, layer, layer.activation, "activations");
    check_operand(trace, layer, layer.weight, "weights");
    if (!trace::Trace::has_values(layer.weight) && !layer.precision.group_widths_file.empty()) {
      throw refuse(
          trace, layer,
          "the trace states widths of groups of weights without the weights; drawn weights have others");
    }
  }
}

const synthetic::Generator* generator_of(const trace::Trace& trace) {
  return dynamic_cast<const synthetic::Generator*>(trace.source());
}

}  // namespace

void check_values(const std::string& values, const std::string& where) {
  if (!synthetic::asks_for_trace(values)) static_cast<void>(synthetic::parse_options(values, where));
}

void draw_values(trace::Trace& trace, const std::string& values) {
  if (synthetic::asks_for_trace(values)) return;
  check_drawable(trace);
  trace.draw_missing(
      std::make_shared<synthetic::Generator>(trace.network(), synthetic::parse_options(values, "values")));
}

std::optional<result::SyntheticRecord> synthetic_record(const trace::Trace& trace) {
  const auto* generator = generator_of(trace);
  if (generator == nullptr) return std::nullopt;
  const auto& options = generator->options();
  result::SyntheticRecord out{.label = options.label(),
                              .generator = synthetic::kGeneratorVersion,
                              .seed = options.seed,
                              .zeros_share = options.zeros_share,
                              .prune_share = options.prune_share,
                              .assumes_relu = generator->signs().assumes_relu(),
                              .manifest_sha256 = trace.manifest_digest()};
  for (const auto& layer : trace.network().layers) {
    out.activation_tensors += layer.activation.is_drawn ? 1 : 0;
    out.weight_tensors += layer.weight.is_drawn ? 1 : 0;
  }
  return out;
}

std::vector<std::string> synthetic_notes(const trace::Trace& trace, bool are_read) {
  const auto record = synthetic_record(trace);
  if (!record) return {};
  if (!are_read) {
    return {
        fmt::format("synthetic values ({}, generator {}): none was drawn, because this design's cycles "
                    "follow from shapes "
                    "and precisions",
                    record->label, record->generator)};
  }
  std::vector<std::string> out{
      fmt::format("synthetic values ({}, generator {}): drawn for the activations of {} layers and the "
                  "weights of {}; they "
                  "are of no trained network, and no published figure compares with them",
                  record->label, record->generator, record->activation_tensors, record->weight_tensors)};
  if (record->assumes_relu)
    out.emplace_back(
        "synthetic values: the trace names no function behind any layer; a ReLU is assumed behind each");
  return out;
}

}  // namespace heddle::run
