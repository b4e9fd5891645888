// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/stored_size.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::trace {
namespace {

// From [outer][channel][inner] to [outer][inner][channel], so that the channels of one position are
// neighbours.
std::vector<std::int32_t> channels_last(const std::vector<std::int32_t>& values, std::size_t channels,
                                        std::size_t inner) {
  std::vector<std::int32_t> out(values.size());
  const std::size_t outer = values.size() / (channels * inner);
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = 0; i < inner; ++i)
        out[(o * inner + i) * channels + c] = values[(o * channels + c) * inner + i];
    }
  }
  return out;
}

}  // namespace

Runs runs_of(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
             unsigned container_bits) {
  const workload::Geometry& g = layer.geometry;
  const bool is_weight = role == OperandRole::weight;
  Runs out{.format = {container_bits, (is_weight ? layer.weight : layer.activation).rep.is_signed},
           .length = is_weight ? g.channels / g.groups : g.channels,
           .values = std::move(tensor.values)};
  std::size_t inner = 1;  // the rows of a matrix are its runs
  if (is_weight) {
    inner = std::size_t{g.kernel_height} * g.kernel_width;
  } else if (layer.op == workload::Op::conv2d) {
    inner = std::size_t{g.height} * g.width;
  }
  if (inner > 1) out.values = channels_last(out.values, out.length, inner);
  return out;
}

trace::CodecSize group_size(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
                            unsigned container_bits) {
  const Runs runs = runs_of(layer, role, std::move(tensor), container_bits);
  return trace::codec_size(runs.format, runs.values, runs.length);
}

StoredSizes& StoredSizes::operator+=(const StoredSizes& other) {
  container += other.container;
  zero_value += other.zero_value;
  precision += other.precision;
  groups.zero_vector += other.groups.zero_vector;
  groups.plain += other.groups.plain;
  compressed += other.compressed;
  return *this;
}

StoredSizes stored_sizes(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
                         unsigned container_bits) {
  const unsigned bits =
      role == OperandRole::weight ? layer.precision.weight_bits : layer.precision.activation_bits;
  if (bits > container_bits) {
    throw Error(ErrorKind::workload, "layer " + in_quotes(layer.id),
                fmt::format("needs {} bits, wider than containers of {}", bits, container_bits));
  }
  const std::uint64_t values = tensor.values.size();
  const auto zeros = static_cast<std::uint64_t>(std::count(tensor.values.begin(), tensor.values.end(), 0));
  StoredSizes out{.container = Bits(values * container_bits),
                  .zero_value = Bits(values + (values - zeros) * container_bits),
                  .precision = Bits(values * bits),
                  .groups = group_size(layer, role, std::move(tensor), container_bits),
                  .compressed = Bits(0)};
  out.compressed = out.groups.cheaper_bits();
  return out;
}

}  // namespace heddle::trace
