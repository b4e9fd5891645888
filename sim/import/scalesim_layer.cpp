// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim_layer.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/quantity.h"
#include "sim/import/text_fields.h"

namespace heddle::importers {
namespace {

using workload::Geometry;

constexpr std::uint64_t kMostWeightsOfFilter = 1 << 28;

// N:M: of M weights N are not zero. N and M are checked; the trace does not keep them.
bool is_ratio(const std::string& field) {
  return field.find(':') != std::string::npos;
}

void check_ratio(const TopologyLine& line, const std::string& field) {
  const auto ratio = split(field, ":");
  if (ratio.size() != 2) {
    throw Error(ErrorKind::workload, line.where, "sparsity: expected N:M, found " + in_quotes(field));
  }
  const auto m = whole_number(ratio[1], line.where, "sparsity M", 1, kMostLayerDimension);
  static_cast<void>(whole_number(ratio[0], line.where, "sparsity N", 0, m));
}

void read_number(const TopologyLine& line, std::size_t at, ExtraField field, Geometry& g) {
  const std::string& text = line.fields[at];
  if (!is_number(text)) {
    throw Error(
        ErrorKind::workload, line.where,
        fmt::format("the field behind the stride: expected the stride across, a sparsity N:M, Pa=BITS "
                    "or Pw=BITS, found {}",
                    in_quotes(text)));
  }
  if (field == ExtraField::stride_across) {
    g.stride_x = line.dimension(at, "stride across");
  } else if (text != "1") {
    throw Error(ErrorKind::workload, line.where,
                field == ExtraField::batch
                    ? fmt::format("a batch of {} images; a layer of a trace is one inference, write 1", text)
                    : "sparsity: expected N:M, found " + in_quotes(text));
  }
}

// Behind the stride: what the heading names, or else the stride across; and N:M or, as SCALE-Sim writes it, N
// and M in fields of their own.
void read_extra(const TopologyLine& line, const std::vector<ExtraField>& named, Geometry& g) {
  const auto expected = named.empty() ? std::vector{ExtraField::stride_across} : named;
  std::size_t next = 0;
  bool has_ratio = false;
  for (std::size_t at = kConvolutionFields; at < line.fields.size(); ++at) {
    const bool are_two =
        at + 1 < line.fields.size() && is_number(line.fields[at]) && is_number(line.fields[at + 1]);
    if (is_ratio(line.fields[at]) && !has_ratio) {
      check_ratio(line, line.fields[at]);
      has_ratio = true;
      if (named.empty()) next = expected.size();
      if (next < expected.size() && expected[next] == ExtraField::sparsity) ++next;
    } else if (next < expected.size()) {
      read_number(line, at, expected[next++], g);
    } else if (are_two && !has_ratio) {
      check_ratio(line, line.fields[at] + ":" + line.fields[at + 1]);
      has_ratio = true;
      ++at;
    } else {
      throw Error(ErrorKind::workload, line.where,
                  "unexpected field " + in_quotes(line.fields[at]) + " behind the strides");
    }
  }
}

// SCALE-Sim: out = ceil((in - kernel + stride) / stride).
std::uint32_t output_size(const TopologyLine& line, const char* what, std::uint32_t in, std::uint32_t kernel,
                          std::uint32_t stride, std::uint32_t& pad_after) {
  if (kernel > in) {
    throw Error(ErrorKind::workload, line.where,
                fmt::format("{}: the filter ({}) is larger than the input ({})", what, kernel, in));
  }
  const auto out = static_cast<std::uint32_t>(ceil_div(in - kernel, stride)) + 1;
  pad_after = (out - 1) * stride + kernel - in;
  return out;
}

void make_depthwise(const TopologyLine& line, Geometry& g) {
  g.groups = g.channels;
  if (std::uint64_t{g.filters} * g.channels > kMostLayerDimension)
    throw Error(ErrorKind::workload, line.where, "too many depthwise filters");
  g.filters *= g.channels;
}

// A kernel that spans the input has one window. One that spans a row of it, and is one row high, has a window
// per row, and no two windows share a value: that is how SCALE-Sim writes M x K times K x N as a convolution
// over M x K. Pointwise convolutions over one column stay what they are.
bool is_product(const Geometry& g) {
  if (g.windows() == 1) return true;
  const bool spans_rows = g.kernel_height == 1 && g.kernel_width == g.width && g.stride_y == 1;
  return spans_rows && (g.width > 1 || g.channels == 1);
}

workload::Layer linear(const TopologyLine& line, const Geometry& g) {
  const std::uint64_t per_channel = std::uint64_t{g.kernel_height} * g.kernel_width;
  if (per_channel > kMostWeightsOfFilter || per_channel * g.channels > kMostWeightsOfFilter) {
    throw Error(ErrorKind::workload, line.where,
                fmt::format("a filter has more than {} weights", kMostWeightsOfFilter));
  }
  workload::Layer layer;
  layer.op = workload::Op::linear;
  layer.geometry.width = layer.geometry.out_width = g.out_height;
  layer.geometry.channels = static_cast<std::uint32_t>(per_channel * g.channels);
  layer.geometry.filters = g.filters;
  return layer;
}

}  // namespace

bool states_sparsity(const TopologyLine& line) {
  for (std::size_t i = kProductFields; i < line.fields.size(); ++i) {
    if (!is_ratio(line.fields[i])) continue;
    const auto ratio = split(line.fields[i], ":");
    return ratio.size() == 2 && ratio[0] != ratio[1];
  }
  constexpr std::size_t kWritten = kConvolutionFields + 3;  // stride across, N, M; or also a batch
  return line.fields.size() >= kWritten && line.fields.end()[-2] != line.fields.end()[-1];
}

workload::Layer convolution_of(const TopologyLine& line, const std::vector<ExtraField>& named) {
  workload::Layer layer;
  layer.op = workload::Op::conv2d;
  Geometry& g = layer.geometry;
  g.height = line.dimension(1, "IFMAP Height");
  g.width = line.dimension(2, "IFMAP Width");
  g.kernel_height = line.dimension(3, "Filter Height");
  g.kernel_width = line.dimension(4, "Filter Width");
  g.channels = line.dimension(5, "Channels");
  g.filters = line.dimension(6, "Num Filter");
  g.stride_y = g.stride_x = line.dimension(7, "Strides");
  read_extra(line, named, g);
  g.out_height = output_size(line, "height", g.height, g.kernel_height, g.stride_y, g.pad_bottom);
  g.out_width = output_size(line, "width", g.width, g.kernel_width, g.stride_x, g.pad_right);
  if (line.fields[0].find("DP") != std::string::npos) {
    make_depthwise(line, g);
  } else if (is_product(g)) {
    return linear(line, g);
  }
  return layer;
}

workload::Layer product_of(const TopologyLine& line, const std::vector<ExtraField>& named) {
  workload::Layer layer;
  layer.op = workload::Op::linear;
  Geometry& g = layer.geometry;
  g.width = g.out_width = line.dimension(1, "M");
  g.filters = line.dimension(2, "N");
  g.channels = line.dimension(3, "K");
  const bool names_sparsity_first = !named.empty() && named.front() == ExtraField::sparsity;
  for (std::size_t i = kProductFields; i < line.fields.size(); ++i) {
    if (is_ratio(line.fields[i])) {
      check_ratio(line, line.fields[i]);
      continue;
    }
    const bool is_batch = !names_sparsity_first || line.fields[i] == "1" || i > kProductFields;
    if (!is_batch) {
      throw Error(ErrorKind::workload, line.where,
                  "sparsity: expected N:M, found " + in_quotes(line.fields[i]));
    }
    if (g.groups != 1)
      throw Error(ErrorKind::workload, line.where,
                  "two batches in one line: a matrix product has name, M, N, K and may have a batch and a "
                  "sparsity N:M; "
                  "a convolution has 8 fields");
    g.groups = line.dimension(i, "batch");
    if (std::uint64_t{g.groups} * std::max(g.filters, g.channels) > kMostLayerDimension)
      throw Error(ErrorKind::workload, line.where, "the batch is too large");
  }
  g.filters *= g.groups;
  g.channels *= g.groups;
  return layer;
}

}  // namespace heddle::importers
