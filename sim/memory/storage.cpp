// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/storage.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/parallel.h"
#include "sim/trace/stored_size.h"

namespace heddle::memory {
namespace {

using trace::OperandRole;
using workload::IntTensor;
using workload::Layer;

void require_values(const trace::Trace& trace, const Layer& layer) {
  if (trace::Trace::has_values(layer.activation) && trace::Trace::has_values(layer.weight)) return;
  throw Error(ErrorKind::workload, trace.name(),
              "layer " + in_quotes(layer.id) +
                  " has no values, and compressed storage depends on them; use memory.storage=container");
}

// The first layer that reads a tensor as its left operand, or none.
const ArrayLayer* reader_of(const Dataflow& flow, std::uint32_t tensor) {
  for (const auto& layer : flow.layers) {
    for (const auto& use : layer.activations) {
      if (use.tensor == tensor) return &layer;
    }
  }
  return nullptr;
}

class Sizer {
 public:
  Sizer(const workload::Network& network, const Dataflow& flow, const StorageRule& rule,
        const CompressedSizes* compressed, std::uint32_t sample)
      : network_(network), flow_(flow), rule_(rule), compressed_(compressed), sample_(sample) {}

  TensorSize tensor(std::uint32_t t) const {
    const StoredTensor& tensor = flow_.tensors[t];
    const Bytes bytes = bytes_holding(Bits(tensor.values * bits_per_value(tensor, rule_)));
    const ArrayLayer* reader = rule_.storage == arch::Storage::compressed ? reader_of(flow_, t) : nullptr;
    return {bytes, reader != nullptr ? compressed_part(*reader, tensor.values) : bytes};
  }

  TensorSize weights(std::size_t l, const std::optional<Bytes>& packed) const {
    const Bytes bytes = packed ? *packed : bytes_holding(weight_bits(l));
    return {bytes, bytes};
  }

 private:
  // The size of `values` values of the input of an array layer.
  [[nodiscard]] Bytes compressed_part(const ArrayLayer& layer, std::uint64_t values) const {
    const auto l = static_cast<std::size_t>(&layer - flow_.layers.data());
    const std::uint64_t all = network_.layers[layer.index].geometry.input_values();
    return bytes_holding(proportion_up(compressed_->inputs[sample_][l], values, all));
  }
  [[nodiscard]] Bits weight_bits(std::size_t l) const {
    const Layer& layer = network_.layers[flow_.layers[l].index];
    if (rule_.storage == arch::Storage::compressed && layer.weight.is_static())
      return compressed_->weights[l];
    const bool has_own_width = rule_.storage == arch::Storage::bit_interleaved;
    return Bits(layer.geometry.weights() *
                (has_own_width ? layer.precision.weight_bits : rule_.container_bits));
  }

  const workload::Network& network_;
  const Dataflow& flow_;
  const StorageRule& rule_;
  const CompressedSizes* compressed_;
  std::uint32_t sample_;
};

}  // namespace

unsigned bits_per_value(const StoredTensor& tensor, const StorageRule& rule) {
  const bool has_own_width = rule.storage == arch::Storage::bit_interleaved && tensor.bits > 0;
  return has_own_width ? tensor.bits : rule.container_bits;
}

bool is_compressible(const Dataflow& flow, std::uint32_t tensor) {
  return reader_of(flow, tensor) != nullptr;
}

CompressedSizes compressed_sizes(const trace::Trace& trace, const Dataflow& flow, unsigned container_bits) {
  const std::size_t layers = flow.layers.size();
  const std::size_t samples = std::max(1U, trace.network().samples);
  CompressedSizes out;
  out.weights.resize(layers);
  out.inputs.assign(samples, std::vector<Bits>(layers));
  for (const auto& layer : flow.layers) require_values(trace, trace.network().layers[layer.index]);
  parallel_for(layers * samples, [&](std::size_t i) {
    const std::size_t index = i % layers;
    const auto sample = static_cast<std::uint32_t>(i / layers);
    const Layer& layer = trace.network().layers[flow.layers[index].index];
    const auto size = [&](OperandRole role, IntTensor tensor) {
      return trace::group_size(layer, role, std::move(tensor), container_bits).cheaper_bits();
    };
    if (sample == 0 && layer.weight.is_static())
      out.weights[index] = size(OperandRole::weight, trace.weights(layer, 0));
    out.inputs[sample][index] = size(OperandRole::activation, trace.activations(layer, sample));
  });
  return out;
}

NetworkSizes network_sizes(const workload::Network& network, const Dataflow& flow,
                           std::span<const LayerShape> shapes, const StorageRule& rule,
                           std::span<const DesignWeights> design, const CompressedSizes* compressed,
                           std::uint32_t sample) {
  HEDDLE_CHECK(rule.storage != arch::Storage::compressed || compressed != nullptr,
               "compressed storage without its sizes");
  const Sizer sizer(network, flow, rule, compressed, sample);
  NetworkSizes out;
  for (std::uint32_t t = 0; t < flow.tensors.size(); ++t) out.tensors.push_back(sizer.tensor(t));
  for (std::size_t l = 0; l < flow.layers.size(); ++l) {
    out.layers.push_back(
        {&shapes[l], sizer.weights(l, design[l].packed), {design[l].metadata, design[l].metadata}});
  }
  return out;
}

}  // namespace heddle::memory
