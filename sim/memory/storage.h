// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/memory/residency.h"
#include "sim/trace/trace.h"

namespace heddle::memory {

struct StorageRule {
  arch::Storage storage = arch::Storage::container;
  unsigned container_bits = 16;
};

// Group-compressed sizes of the operands of each layer (DPRed, sim/kernel/codec.h): the cheaper of its two
// forms a tensor. Inputs by sample and layer.
struct CompressedSizes {
  std::vector<Bits> weights;
  std::vector<std::vector<Bits>> inputs;
};

// Whether a tensor is kept in groups where storage is compressed: when an array layer reads it as
// activations.
bool is_compressible(const Dataflow& flow, std::uint32_t tensor);

// Of every array layer of the trace, in parallel. Throws Error(workload) where the trace lacks values.
CompressedSizes compressed_sizes(const trace::Trace& trace, const Dataflow& flow, unsigned container_bits);

// What a design itself says about the weights of a layer.
struct WeightExtras {
  Bytes metadata;
  std::optional<Bytes> packed;
};

// How the tensors of one sample are stored.
//   container: container_bits a value.
//   bit_interleaved: as many bits a value as its precision, the widest of its readers.
//   Weights that a design packs ahead of time are stored as it packs them, whatever the rule.
//   compressed: what moves is the codec's size; on chip, where a plan must hold for any values, a container a
//     value for activations and the codec's size for weights, which are known. A tensor's share of its
//     reader's input goes by values; a tensor that no array layer reads is kept in containers.
NetworkSizes network_sizes(const workload::Network& network, const Dataflow& flow,
                           std::span<const LayerShape> shapes, const StorageRule& rule,
                           std::span<const WeightExtras> extras, const CompressedSizes* compressed,
                           std::uint32_t sample);

}  // namespace heddle::memory
