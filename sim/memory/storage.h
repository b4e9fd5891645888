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

// Bits that a value of the tensor takes on chip. A plan must hold for any values, so each activation takes a
// container even where activations are compressed; a tensor that no array layer reads has no width of its
// own.
unsigned bits_per_value(const StoredTensor& tensor, const StorageRule& rule);

// Group-compressed sizes of the operands of each array layer (DPRed, sim/trace/codec.h), each tensor in the
// cheaper of the codec's two forms.
struct CompressedSizes {
  std::vector<Bits> weights;              // by layer
  std::vector<std::vector<Bits>> inputs;  // by sample and layer
};

// Whether a tensor is kept in groups where storage is compressed: when an array layer reads it as
// activations.
bool is_compressible(const Dataflow& flow, std::uint32_t tensor);

// Of every array layer of the trace, in parallel. Throws Error(workload) where the trace lacks values.
CompressedSizes compressed_sizes(const trace::Trace& trace, const Dataflow& flow, unsigned container_bits);

// What a design itself says about the weights of an array layer.
struct DesignWeights {
  Bytes metadata;
  std::optional<Bytes> packed;  // as the design packs them ahead of time
};

// How large the tensors of one sample are (docs/memory.md#storage). `compressed` may be null unless storage
// is compressed.
NetworkSizes network_sizes(const workload::Network& network, const Dataflow& flow,
                           std::span<const LayerShape> shapes, const StorageRule& rule,
                           std::span<const DesignWeights> design, const CompressedSizes* compressed,
                           std::uint32_t sample);

}  // namespace heddle::memory
