// SPDX-License-Identifier: Apache-2.0
#include "sim/import/dnnsim_model.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/import/prototxt.h"
#include "sim/import/text_fields.h"

namespace heddle::importers {
namespace {

DnnsimLayer::Type type_of(const std::string& text, const std::string& where) {
  if (text == "conv") return DnnsimLayer::Type::conv;
  if (text == "fc") return DnnsimLayer::Type::fc;
  if (text == "rnn" || text == "lstm") return DnnsimLayer::Type::rnn;
  const std::vector<std::string> known{"conv", "fc", "rnn"};
  throw Error(ErrorKind::workload, where, "unknown layer type " + in_quotes(text) + suggestion(text, known));
}

std::vector<DnnsimLayer> read_csv(const std::filesystem::path& file) {
  const auto lines = read_lines(file);
  std::vector<DnnsimLayer> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (trimmed(lines[i]).empty()) continue;
    DnnsimLayer layer;
    layer.where = fmt::format("{}:{}", file.string(), i + 1);
    auto fields = split(lines[i], lines[i].find(',') != std::string::npos ? "," : ":");
    if (fields.size() == 5 && fields.back().empty()) fields.pop_back();
    if (fields.size() != 4) {
      throw Error(ErrorKind::workload, layer.where,
                  fmt::format("{} fields, expected four: name,type,stride,padding", fields.size()));
    }
    layer.name = fields[0];
    if (layer.name.empty()) throw Error(ErrorKind::workload, layer.where, "the layer has no name");
    layer.type = type_of(fields[1], layer.where);
    layer.stride_y = layer.stride_x =
        static_cast<std::uint32_t>(whole_number(fields[2], layer.where, "stride", 1, kMostStep));
    layer.pad_y = layer.pad_x =
        static_cast<std::uint32_t>(whole_number(fields[3], layer.where, "padding", 0, kMostStep));
    out.push_back(std::move(layer));
  }
  return out;
}

}  // namespace

std::string DnnsimLayer::file_name() const {
  std::string out = name;
  std::replace(out.begin(), out.end(), '/', '-');
  return out;
}

std::vector<DnnsimLayer> read_dnnsim_model(const std::filesystem::path& folder) {
  const auto csv = folder / "model.csv";
  const auto prototxt = folder / "train_val.prototxt";
  const bool has_csv = std::filesystem::exists(csv);
  if (!has_csv && !std::filesystem::exists(prototxt)) {
    throw Error(ErrorKind::io, folder.string(), "holds neither model.csv nor train_val.prototxt");
  }
  auto out = has_csv ? read_csv(csv) : read_prototxt(prototxt);
  if (out.empty()) throw Error(ErrorKind::workload, (has_csv ? csv : prototxt).string(), "lists no layers");
  std::map<std::string, std::string> seen;
  for (const DnnsimLayer& layer : out) {
    const auto [at, is_new] = seen.emplace(layer.file_name(), layer.where);
    if (!is_new)
      throw Error(
          ErrorKind::workload, layer.where,
          "layer " + in_quotes(layer.name) + " has the same tensor files as the layer at " + at->second);
    if (layer.name == "static" || layer.name == "input") {
      throw Error(ErrorKind::workload, layer.where,
                  in_quotes(layer.name) + " cannot name a layer of a trace");
    }
  }
  return out;
}

std::optional<std::vector<DnnsimPrecision>> read_dnnsim_precision(const std::filesystem::path& file,
                                                                  std::size_t layers) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  auto lines = read_lines(file);
  while (!lines.empty() && trimmed(lines.back()).empty()) lines.pop_back();
  if (lines.size() != 5) {
    throw Error(ErrorKind::workload, file.string(),
                fmt::format("{} lines, expected five: a heading, activation magnitude, activation "
                            "fraction, weight magnitude, weight fraction",
                            lines.size()));
  }
  std::vector<DnnsimPrecision> out(layers);
  constexpr std::int32_t DnnsimPrecision::*kLines[] = {
      &DnnsimPrecision::activation_magnitude, &DnnsimPrecision::activation_fraction,
      &DnnsimPrecision::weight_magnitude, &DnnsimPrecision::weight_fraction};
  for (std::size_t n = 1; n < 5; ++n) {
    const std::string where = fmt::format("{}:{}", file.string(), n + 1);
    auto fields = split(lines[n], ";");
    if (!fields.empty() && fields.back().empty()) fields.pop_back();
    if (fields.size() != layers) {
      throw Error(ErrorKind::workload, where,
                  fmt::format("{} values, but the model has {} layers", fields.size(), layers));
    }
    for (std::size_t i = 0; i < layers; ++i) {
      out[i].*kLines[n - 1] =
          static_cast<std::int32_t>(whole_number(fields[i], where, fmt::format("value {}", i + 1), -64, 64));
    }
  }
  for (std::size_t i = 0; i < layers; ++i) {
    for (const auto& [name, bits] :
         {std::pair("activation", out[i].activation_bits()), std::pair("weight", out[i].weight_bits())}) {
      if (bits >= 1 && bits <= 16) continue;
      throw Error(
          ErrorKind::workload, file.string(),
          fmt::format("layer {}: {} magnitude + fraction is {}, expected 1 to 16 bits", i + 1, name, bits));
    }
  }
  return out;
}

}  // namespace heddle::importers
