// SPDX-License-Identifier: Apache-2.0
#include "sim/import/layer_list.h"

#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

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
                  const char* axes) {
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
  layers_.push_back({{"id", id},
                     {"index", layers_.size()},
                     {"op", same_size ? "reshape" : "other"},
                     {"inputs", {last_}},
                     {"shape", {{"output", wanted}}}});
  return id;
}

void LayerList::add(const workload::Layer& layer) {
  const std::string source = fit(layer);
  const workload::Geometry& g = layer.geometry;
  const bool conv = layer.op == workload::Op::conv2d;
  Json out{
      {"id", layer.id},
      {"index", layers_.size()},
      {"op", conv ? "conv2d" : "linear"},
      {"inputs", {source}},
      {"shape", shape_json(layer)},
      {"groups", g.groups},
      {"operands",
       {operand_json(layer.activation, "activation", source, conv ? "NCHW" : "MC"),
        operand_json(layer.weight, "weight", "static", conv ? "KCRS" : "KC")}},
      {"precision", {{"a_bits", layer.precision.activation_bits}, {"w_bits", layer.precision.weight_bits}}}};
  if (conv) {
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

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw Error(ErrorKind::io, file.string(), "cannot be read");
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    out.push_back(std::move(line));
  }
  // A byte order mark is no part of the first field.
  if (!out.empty() && out.front().starts_with("\xEF\xBB\xBF")) out.front().erase(0, 3);
  return out;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> split(const std::string& line, const std::string& separators) {
  std::vector<std::string> out;
  std::size_t start = 0;
  for (;;) {
    const auto end = line.find_first_of(separators, start);
    out.push_back(trimmed(line.substr(start, end == std::string::npos ? end : end - start)));
    if (end == std::string::npos) return out;
    start = end + 1;
  }
}

std::int64_t whole_number(const std::string& field, const std::string& where, const std::string& what,
                          std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failure != std::errc() || end != field.data() + field.size()) {
    throw Error(ErrorKind::workload, where,
                fmt::format("{}: expected a whole number, found {}", what, in_quotes(field)));
  }
  if (value < low || value > high) {
    throw Error(ErrorKind::workload, where,
                fmt::format("{}: expected {} to {}, found {}", what, low, high, value));
  }
  return value;
}

}  // namespace heddle::importers
