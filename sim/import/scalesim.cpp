// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/quantity.h"
#include "sim/base/version.h"
#include "sim/import/layer_list.h"
#include "sim/import/text_fields.h"
#include "sim/trace/digest.h"
#include "sim/trace/writer.h"

namespace heddle::importers {
namespace {

constexpr std::int64_t kMostLayerDimension = 1 << 24;
constexpr std::size_t kConvolutionFields = 8;
constexpr std::size_t kProductFields = 4;

// A line's fields up to its last comma, and the text after it.
struct Line {
  std::vector<std::string> fields;
  std::string rest;
  std::string where;

  [[nodiscard]] std::uint32_t dimension(std::size_t index, const char* what) const {
    return static_cast<std::uint32_t>(whole_number(fields[index], where, what, 1, kMostLayerDimension));
  }
};

Line parse_line(const std::string& text, const std::string& where) {
  Line out;
  out.where = where;
  out.fields = split(text, ",");
  out.rest = out.fields.back();
  out.fields.pop_back();
  // SCALE-Sim requires a comma after the strides; many files leave it out, which is accepted here.
  const bool is_number = !out.rest.empty() && out.rest.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) {
    out.fields.push_back(out.rest);
    out.rest.clear();
  }
  return out;
}

void read_precisions(const Line& line, workload::Precision& out) {
  std::istringstream words(line.rest);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals == std::string::npos || (name != "Pa" && name != "Pw")) {
      throw Error(ErrorKind::workload, line.where,
                  "after the last comma: expected Pa=BITS and Pw=BITS, found " + in_quotes(word));
    }
    const auto bits = static_cast<unsigned>(whole_number(word.substr(equals + 1), line.where, name, 1, 16));
    (name == "Pa" ? out.activation_bits : out.weight_bits) = bits;
  }
}

// SCALE-Sim: out = ceil((in - kernel + stride) / stride).
std::uint32_t output_size(const Line& line, const char* what, std::uint32_t in, std::uint32_t kernel,
                          std::uint32_t stride, std::uint32_t& pad_after) {
  if (kernel > in)
    throw Error(ErrorKind::workload, line.where,
                fmt::format("{}: the filter ({}) is larger than the input ({})", what, kernel, in));
  const auto out = static_cast<std::uint32_t>(ceil_div(in - kernel, stride)) + 1;
  pad_after = (out - 1) * stride + kernel - in;
  return out;
}

workload::Layer convolution(const Line& line) {
  if (line.fields.size() > kConvolutionFields + 1)
    throw Error(ErrorKind::workload, line.where, "more than nine fields");
  workload::Layer layer;
  layer.op = workload::Op::conv2d;
  workload::Geometry& g = layer.geometry;
  g.height = line.dimension(1, "IFMAP Height");
  g.width = line.dimension(2, "IFMAP Width");
  g.kernel_height = line.dimension(3, "Filter Height");
  g.kernel_width = line.dimension(4, "Filter Width");
  g.channels = line.dimension(5, "Channels");
  g.filters = line.dimension(6, "Num Filter");
  g.stride_y = g.stride_x = line.dimension(7, "Strides");
  if (line.fields.size() > kConvolutionFields) {
    const auto ratio = split(line.fields[kConvolutionFields], ":");
    if (ratio.size() != 2)
      throw Error(ErrorKind::workload, line.where,
                  "sparsity: expected N:M, found " + in_quotes(line.fields[kConvolutionFields]));
    const auto m = whole_number(ratio[1], line.where, "sparsity M", 1, kMostLayerDimension);
    static_cast<void>(whole_number(ratio[0], line.where, "sparsity N", 1, m));
  }
  g.out_height = output_size(line, "height", g.height, g.kernel_height, g.stride_y, g.pad_bottom);
  g.out_width = output_size(line, "width", g.width, g.kernel_width, g.stride_x, g.pad_right);
  if (line.fields[0].find("DP") != std::string::npos) {
    g.groups = g.channels;
    if (std::uint64_t{g.filters} * g.channels > kMostLayerDimension)
      throw Error(ErrorKind::workload, line.where, "too many depthwise filters");
    g.filters *= g.channels;
  }
  return layer;
}

workload::Layer matrix_product(const Line& line) {
  if (line.fields.size() > kProductFields + 1)
    throw Error(ErrorKind::workload, line.where, "more than five fields");
  workload::Layer layer;
  layer.op = workload::Op::linear;
  workload::Geometry& g = layer.geometry;
  g.width = g.out_width = line.dimension(1, "M");
  g.filters = line.dimension(2, "N");
  g.channels = line.dimension(3, "K");
  if (line.fields.size() > kProductFields && line.fields[kProductFields].find(':') == std::string::npos) {
    g.groups = line.dimension(kProductFields, "batch");
    if (std::uint64_t{g.groups} * std::max(g.filters, g.channels) > kMostLayerDimension)
      throw Error(ErrorKind::workload, line.where, "the batch is too large");
    g.filters *= g.groups;
    g.channels *= g.groups;
  }
  return layer;
}

}  // namespace

std::vector<workload::Layer> read_scalesim(const std::filesystem::path& file) {
  const auto lines = read_lines(file);
  std::vector<workload::Layer> out;
  std::set<std::string> ids{"input", "static"};
  bool products = false;
  for (std::size_t i = 1; i < lines.size(); ++i) {  // the first line is a heading
    if (trimmed(lines[i]).empty()) continue;
    const Line line = parse_line(lines[i], fmt::format("{}:{}", file.string(), i + 1));
    const bool is_product = line.fields.size() >= kProductFields && line.fields.size() <= kProductFields + 1;
    if (!is_product && line.fields.size() < kConvolutionFields) {
      throw Error(ErrorKind::workload, line.where,
                  fmt::format("{} fields; expected 8 (convolution: name, IFMAP Height, IFMAP Width, Filter "
                              "Height, Filter Width, "
                              "Channels, Num Filter, Strides) or 4 (matrix product: name, M, N, K)",
                              line.fields.size()));
    }
    if (!out.empty() && is_product != products)
      throw Error(ErrorKind::workload, line.where, "convolutions and matrix products in one file");
    products = is_product;
    workload::Layer layer = is_product ? matrix_product(line) : convolution(line);
    layer.id = line.fields[0];
    read_precisions(line, layer.precision);
    if (layer.id.empty()) throw Error(ErrorKind::workload, line.where, "the layer has no name");
    if (!ids.insert(layer.id).second)
      throw Error(ErrorKind::workload, line.where, "a second layer " + in_quotes(layer.id));
    out.push_back(std::move(layer));
  }
  if (out.empty()) throw Error(ErrorKind::workload, file.string(), "no layers below the heading");
  return out;
}

std::size_t import_scalesim(const std::filesystem::path& file, const std::filesystem::path& trace) {
  const auto layers = read_scalesim(file);
  LayerList list;
  for (const workload::Layer& layer : layers) list.add(layer);
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string digest = trace::sha256_hex(std::as_bytes(std::span(text)));
  trace::TraceWriter writer(trace);
  writer.finish(list.manifest(
      file.stem().string(), 0,
      {{"tool", std::string("heddle trace import scalesim ") + kVersion},
       {"source_model",
        {{"kind", "SCALE-Sim topology"}, {"file", file.filename().string()}, {"sha256", digest}}},
       {"notes", "shapes and precisions only; N:M sparsity of the file is not kept"}}));
  return layers.size();
}

}  // namespace heddle::importers
