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

Bits scaled(Bits bits, std::uint64_t part, std::uint64_t whole) {
  return Bits(bits.count() / whole * part + ceil_div(bits.count() % whole * part, whole));
}

class Sizer {
 public:
  Sizer(const workload::Network& network, const Dataflow& flow, const StorageRule& rule,
        const CompressedSizes* compressed, std::uint32_t sample)
      : network_(network), flow_(flow), rule_(rule), compressed_(compressed), sample_(sample) {}

  TensorSize tensor(std::uint32_t t) const {
    const StoredTensor& tensor = flow_.tensors[t];
    const unsigned stored = rule_.storage == arch::Storage::bit_interleaved && tensor.bits > 0
                                ? tensor.bits
                                : rule_.container_bits;
    TensorSize size{bytes_holding(Bits(tensor.values * stored)), bytes_holding(Bits(tensor.values * stored))};
    if (rule_.storage == arch::Storage::compressed) {
      if (const ArrayLayer* reader = reader_of(flow_, t)) {
        const auto index = static_cast<std::size_t>(reader - flow_.layers.data());
        const auto& g = network_.layers[reader->index].geometry;
        size.traffic =
            bytes_holding(scaled(compressed_->inputs[sample_][index], tensor.values, g.input_values()));
      }
    }
    return size;
  }

  TensorSize weights(std::size_t index, const std::optional<Bytes>& packed) const {
    if (packed) return {*packed, *packed};
    const Layer& layer = network_.layers[flow_.layers[index].index];
    const std::uint64_t values = layer.geometry.weights();
    Bits bits(values * rule_.container_bits);
    if (rule_.storage == arch::Storage::bit_interleaved) bits = Bits(values * layer.precision.weight_bits);
    if (rule_.storage == arch::Storage::compressed && layer.weight.is_static())
      bits = compressed_->weights[index];
    return {bytes_holding(bits), bytes_holding(bits)};
  }

 private:
  const workload::Network& network_;
  const Dataflow& flow_;
  const StorageRule& rule_;
  const CompressedSizes* compressed_;
  std::uint32_t sample_;
};

}  // namespace

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
                           std::span<const WeightExtras> extras, const CompressedSizes* compressed,
                           std::uint32_t sample) {
  HEDDLE_CHECK(rule.storage != arch::Storage::compressed || compressed != nullptr,
               "compressed storage without its sizes");
  const Sizer sizer(network, flow, rule, compressed, sample);
  NetworkSizes out;
  for (std::uint32_t t = 0; t < flow.tensors.size(); ++t) out.tensors.push_back(sizer.tensor(t));
  for (std::size_t s = 0; s < flow.layers.size(); ++s) {
    out.layers.push_back(
        {&shapes[s], sizer.weights(s, extras[s].packed), {extras[s].metadata, extras[s].metadata}});
  }
  return out;
}

}  // namespace heddle::memory
