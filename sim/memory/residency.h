// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/memory/blocking.h"
#include "sim/memory/dataflow.h"

namespace heddle::memory {

inline constexpr std::uint64_t kAccumulatorBytes = 4;  // of a partial sum that leaves the array

// How a tensor is stored: what it takes on chip, whatever its values, and what moves over the off-chip
// interface.
struct TensorSize {
  Bytes room;
  Bytes traffic;
};
struct LayerStorage {
  const LayerShape* shape = nullptr;
  TensorSize weights;  // static weights, or the whole right operand
  TensorSize metadata;
};
// Of one sample.
struct NetworkSizes {
  std::vector<TensorSize> tensors;   // as Dataflow::tensors
  std::vector<LayerStorage> layers;  // as Dataflow::layers
};

struct LayerPlan {
  Blocking blocking;
  std::vector<std::optional<Blocking>> alternatives;  // the best of each loop order
  LayerSizes sizes;
  Bytes resident_room;  // of tensors that stay on chip while the layer runs
};

// Where every tensor lives and how every layer is blocked.
struct MemoryPlan {
  std::vector<bool> on_chip;     // by tensor, for its whole life
  std::vector<bool> considered;  // by tensor: could have stayed on chip at all
  std::vector<LayerPlan> layers;
  Bytes bytes;  // off-chip, all layers
};

// The plan that moves the fewest off-chip bytes: every choice of resident tensors along the graph is
// weighed against what it leaves of the activation memory for blocking (a dynamic program over the layers).
// At most kMostLive tensors are weighed at any layer, short-lived ones first; the rest and network inputs
// lie off chip. One plan serves all samples and minimises their sum. Neither that choice nor the cuts depend
// on capacity, so more capacity never moves more. Throws Error(config) naming `where` and the layer that no
// blocking fits.
inline constexpr std::size_t kMostLive = 8;
MemoryPlan plan_memory(const workload::Network& network, const Dataflow& flow,
                       std::span<const NetworkSizes> samples, const OnChipMemory& activation_memory,
                       const OnChipMemory& weight_memory, const std::string& where);

// What of a layer's transfers is off chip in one sample.
LayerSizes layer_sizes(const Dataflow& flow, const NetworkSizes& sizes, std::uint32_t layer,
                       const std::vector<bool>& on_chip);

}  // namespace heddle::memory
