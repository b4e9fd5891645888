// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/trace_stats.h"

#include <algorithm>
#include <bit>

namespace heddle::workload {
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

std::vector<TensorStats> trace_stats(const Trace& trace) {
  std::vector<TensorStats> out;
  for (const auto& layer : trace.network().layers) {
    if (!layer.is_array()) continue;
    if (Trace::has_values(layer.weight)) {
      TensorStats stats{.layer = layer.id,
                        .role = "weight",
                        .is_signed = layer.weight.rep.is_signed,
                        .precision_bits = layer.precision.weight_bits};
      for (std::uint32_t s = 0; s < layer.weight.files.size(); ++s)
        add(trace.weights(layer, s).values, stats);
      out.push_back(stats);
    }
    if (Trace::has_values(layer.activation)) {
      TensorStats stats{.layer = layer.id,
                        .role = "activation",
                        .is_signed = layer.activation.rep.is_signed,
                        .precision_bits = layer.precision.activation_bits};
      for (std::uint32_t s = 0; s < layer.activation.files.size(); ++s)
        add(trace.activations(layer, s).values, stats);
      out.push_back(stats);
    }
  }
  return out;
}

}  // namespace heddle::workload
