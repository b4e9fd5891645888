// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/memory/blocking.h"
#include "sim/memory/dataflow.h"

namespace heddle::memory {

inline constexpr std::uint64_t kAccumulatorBytes = 4;  // of a partial sum that leaves the array

// What a tensor takes on chip, whatever its values are, and how many bytes of it move over the off-chip
// interface.
struct TensorSize {
  Bytes room;
  Bytes moved;
  TensorSize& operator+=(const TensorSize& other) {
    room += other.room;
    moved += other.moved;
    return *this;
  }
};
// The weights of an array layer.
struct WeightSizes {
  const LayerShape* shape = nullptr;
  TensorSize weights;  // static weights, or the whole right operand
  TensorSize metadata;
};
// Of one sample.
struct NetworkSizes {
  std::vector<TensorSize> tensors;  // as Dataflow::tensors
  std::vector<WeightSizes> layers;  // as Dataflow::layers
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
  std::vector<bool> considered;  // by tensor: whether it could have stayed on chip at all
  std::vector<LayerPlan> layers;
  Bytes bytes;  // off-chip, all layers
};

// Finds the plan that moves the fewest off-chip bytes, with a dynamic program over the array layers: it
// weighs every choice of tensors that stay on chip against the room that this choice leaves for blocking. At
// most kMostLive tensors are weighed at each layer, the shortest-lived first. All others and the network
// inputs lie off chip. One plan serves all samples and minimises their sum. Neither the choice of tensors nor
// the cuts depend on a capacity, so a larger memory never moves more bytes. Throws Error(config), which names
// `where` and the layer, when no blocking of a layer fits.
inline constexpr std::size_t kMostLive = 8;
MemoryPlan plan_memory(const workload::Network& network, const Dataflow& flow,
                       std::span<const NetworkSizes> samples, const OnChipMemory& activation_memory,
                       const OnChipMemory& weight_memory, const std::string& where);

// The tensors of an array layer that lie off chip, in one sample.
LayerSizes layer_sizes(const Dataflow& flow, const NetworkSizes& sizes, std::uint32_t layer,
                       const std::vector<bool>& on_chip);

}  // namespace heddle::memory
