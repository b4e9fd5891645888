// SPDX-License-Identifier: Apache-2.0
#include "sim/import/layer_list.h"

namespace heddle::importers {
namespace {

using config::Json;

std::vector<std::uint64_t> input_shape(const workload::Layer& layer) {
  const workload::Geometry& g = layer.geometry;
  if (layer.op == workload::Op::conv2d) return {g.channels, g.height, g.width};
  if (g.width == 1) return {g.channels};
  return {g.width, g.channels};
}

std::vector<std::uint64_t> output_shape(const workload::Layer& layer) {
  const workload::Geometry& g = layer.geometry;
  if (layer.op == workload::Op::conv2d) return {g.filters, g.out_height, g.out_width};
  if (g.width == 1) return {g.filters};
  return {g.width, g.filters};
}

std::uint64_t product(const std::vector<std::uint64_t>& shape) {
  std::uint64_t n = 1;
  for (const auto d : shape) n *= d;
  return n;
}

Json rep_json(const workload::Representation& rep) {
  return {{"kind", "int"}, {"bits", rep.bits}, {"signed", rep.is_signed}, {"zero_point", 0}, {"pad_code", 0}};
}

Json operand_json(const workload::Operand& operand, const char* role, const std::string& source,
                  std::string_view axes) {
  Json out{{"role", role}, {"source", source}, {"axes", axes}, {"rep", rep_json(operand.rep)}};
  if (operand.files.empty()) return out;
  if (source == "static") {
    out["file"] = operand.files.front();
  } else {
    out["files"] = operand.files;
  }
  return out;
}

Json shape_json(const workload::Layer& layer) {
  const workload::Geometry& g = layer.geometry;
  if (layer.op != workload::Op::conv2d)
    return {{"N", 1}, {"M", g.width}, {"C", g.channels}, {"K", g.filters}};
  return {{"N", 1},           {"C", g.channels},      {"H", g.height},       {"W", g.width},
          {"K", g.filters},   {"R", g.kernel_height}, {"S", g.kernel_width}, {"OH", g.out_height},
          {"OW", g.out_width}};
}

}  // namespace

std::string LayerList::fit(const workload::Layer& layer) {
  const auto wanted = input_shape(layer);
  if (shape_.empty() || shape_ == wanted) return last_;
  const bool same_size = product(shape_) == product(wanted);
  std::string id = layer.id + "/input";
  layers_.push_back(
      {{"id", id},
       {"index", layers_.size()},
       {"op", workload::operation(same_size ? workload::Op::reshape : workload::Op::other).name},
       {"inputs", {last_}},
       {"shape", {{"output", wanted}}}});
  return id;
}

void LayerList::add(const workload::Layer& layer) {
  const std::string source = fit(layer);
  const workload::Geometry& g = layer.geometry;
  const workload::Operation& operation = workload::operation(layer.op);
  Json out{
      {"id", layer.id},
      {"index", layers_.size()},
      {"op", operation.name},
      {"inputs", {source}},
      {"shape", shape_json(layer)},
      {"groups", g.groups},
      {"operands",
       {operand_json(layer.activation, "activation", source, operation.activation_axes),
        operand_json(layer.weight, "weight", "static", operation.weight_axes)}},
      {"precision", {{"a_bits", layer.precision.activation_bits}, {"w_bits", layer.precision.weight_bits}}}};
  if (layer.op == workload::Op::conv2d) {
    out["stride"] = {g.stride_y, g.stride_x};
    out["dilation"] = {g.dilation_y, g.dilation_x};
    out["pads"] = {g.pad_top, g.pad_left, g.pad_bottom, g.pad_right};
  }
  layers_.push_back(std::move(out));
  last_ = layer.id;
  shape_ = output_shape(layer);
}

Json LayerList::manifest(const std::string& name, std::uint32_t samples, Json provenance) const {
  provenance["graph"] = "the source lists layers only; they stand in a line here";
  return {{"samples", samples},
          {"network", {{"name", name}, {"inputs", {kInput}}, {"outputs", {last_}}}},
          {"provenance", std::move(provenance)},
          {"layers", layers_}};
}

}  // namespace heddle::importers
