// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/storage.h"

#include <algorithm>

#include "sim/arch/parallel.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/kernel/codec.h"

namespace heddle::arch {
namespace {

using workload::IntTensor;
using workload::Layer;

// The codec's runs are channels at one position. Rearranges [outer][channel][inner] to
// [outer][inner][channel].
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

Bits size_of(const IntTensor& tensor, std::size_t channels, std::size_t inner,
             const kernel::GroupFormat& format) {
  if (inner == 1) return kernel::codec_size(format, tensor.values, channels).cheaper_bits();
  return kernel::codec_size(format, channels_last(tensor.values, channels, inner), channels).cheaper_bits();
}

void require_values(const workload::Trace& trace, const Layer& layer) {
  if (workload::Trace::has_values(layer.activation) && workload::Trace::has_values(layer.weight)) return;
  throw Error(ErrorKind::workload, trace.name(),
              "layer " + in_quotes(layer.id) +
                  " has no values, and compressed storage depends on them; use memory.storage=container");
}

Bits weight_bits(const Layer& layer, const IntTensor& weights, unsigned container_bits) {
  const auto& g = layer.geometry;
  const kernel::GroupFormat format{container_bits, layer.weight.rep.is_signed};
  return size_of(weights, g.channels / g.groups, std::size_t{g.kernel_height} * g.kernel_width, format);
}

Bits input_bits(const Layer& layer, const IntTensor& input, unsigned container_bits) {
  const auto& g = layer.geometry;
  const kernel::GroupFormat format{container_bits, layer.activation.rep.is_signed};
  // A matrix product's rows are its runs already.
  return size_of(input, g.channels, layer.op == workload::Op::conv2d ? std::size_t{g.height} * g.width : 1,
                 format);
}

// The first step that reads a tensor as its left operand, or none.
const Step* reader_of(const Dataflow& flow, std::uint32_t tensor) {
  for (const auto& step : flow.steps) {
    for (const auto& use : step.activations) {
      if (use.tensor == tensor) return &step;
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
    const unsigned stored =
        rule_.storage == Storage::bit_interleaved && tensor.bits > 0 ? tensor.bits : rule_.container_bits;
    TensorSize size{bytes_holding(Bits(tensor.values * stored)), bytes_holding(Bits(tensor.values * stored))};
    if (rule_.storage == Storage::compressed) {
      if (const Step* reader = reader_of(flow_, t)) {
        const auto step = static_cast<std::size_t>(reader - flow_.steps.data());
        const auto& g = network_.layers[reader->layer].geometry;
        size.traffic =
            bytes_holding(scaled(compressed_->inputs[sample_][step], tensor.values, g.input_values()));
      }
    }
    return size;
  }

  TensorSize weights(std::size_t step) const {
    const Layer& layer = network_.layers[flow_.steps[step].layer];
    const std::uint64_t values = layer.geometry.weights();
    Bits bits(values * rule_.container_bits);
    if (rule_.storage == Storage::bit_interleaved) bits = Bits(values * layer.precision.weight_bits);
    if (rule_.storage == Storage::compressed && layer.weight.is_static()) bits = compressed_->weights[step];
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

CompressedSizes compressed_sizes(const workload::Trace& trace, const Dataflow& flow,
                                 unsigned container_bits) {
  const std::size_t steps = flow.steps.size();
  const std::size_t samples = std::max(1U, trace.network().samples);
  CompressedSizes out;
  out.weights.resize(steps);
  out.inputs.assign(samples, std::vector<Bits>(steps));
  for (const auto& step : flow.steps) require_values(trace, trace.network().layers[step.layer]);
  parallel_for(steps * samples, [&](std::size_t i) {
    const std::size_t step = i % steps;
    const auto sample = static_cast<std::uint32_t>(i / steps);
    const Layer& layer = trace.network().layers[flow.steps[step].layer];
    if (sample == 0 && layer.weight.is_static())
      out.weights[step] = weight_bits(layer, trace.weights(layer, 0), container_bits);
    out.inputs[sample][step] = input_bits(layer, trace.activations(layer, sample), container_bits);
  });
  return out;
}

NetworkSizes network_sizes(const workload::Network& network, const Dataflow& flow,
                           std::span<const LayerShape> shapes, const StorageRule& rule,
                           std::span<const Bytes> metadata, const CompressedSizes* compressed,
                           std::uint32_t sample) {
  HEDDLE_CHECK(rule.storage != Storage::compressed || compressed != nullptr,
               "compressed storage without its sizes");
  const Sizer sizer(network, flow, rule, compressed, sample);
  NetworkSizes out;
  for (std::uint32_t t = 0; t < flow.tensors.size(); ++t) out.tensors.push_back(sizer.tensor(t));
  for (std::size_t s = 0; s < flow.steps.size(); ++s) {
    out.steps.push_back({&shapes[s], sizer.weights(s), {metadata[s], metadata[s]}});
  }
  return out;
}

}  // namespace heddle::arch
