// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/statistics.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace heddle::trace {
namespace {

void add(const std::vector<std::int32_t>& values, TensorStats& stats) {
  for (const std::int32_t v : values) {
    const auto magnitude = static_cast<std::uint32_t>(v < 0 ? -std::int64_t{v} : std::int64_t{v});
    stats.smallest = stats.values == 0 ? v : std::min(stats.smallest, v);
    stats.largest = stats.values == 0 ? v : std::max(stats.largest, v);
    ++stats.values;
    stats.zeros += v == 0 ? 1 : 0;
    stats.magnitude_ones += static_cast<unsigned>(std::popcount(magnitude));
    ++stats.magnitude_bits[std::min<std::size_t>(17, static_cast<std::size_t>(std::bit_width(magnitude)))];
  }
}

}  // namespace

std::vector<TensorStats> trace_stats(const Trace& trace, unsigned container_bits) {
  std::vector<TensorStats> out;
  for (const auto& layer : trace.network().layers) {
    if (!layer.is_array()) continue;
    for (const OperandRole role : {OperandRole::weight, OperandRole::activation}) {
      const bool is_weight = role == OperandRole::weight;
      const workload::Operand& operand = is_weight ? layer.weight : layer.activation;
      if (!Trace::has_values(operand)) continue;
      TensorStats stats{
          .layer = layer.id,
          .role = is_weight ? "weight" : "activation",
          .is_signed = operand.rep.is_signed,
          .precision_bits = is_weight ? layer.precision.weight_bits : layer.precision.activation_bits};
      for (std::uint32_t s = 0; s < trace.tensors(operand); ++s) {
        workload::IntTensor tensor = is_weight ? trace.weights(layer, s) : trace.activations(layer, s);
        add(tensor.values, stats);
        stats.sizes += stored_sizes(layer, role, std::move(tensor), container_bits);
      }
      out.push_back(std::move(stats));
    }
  }
  return out;
}

}  // namespace heddle::trace
