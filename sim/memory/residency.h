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
  std::vector<std::optional<Blocking>> alternatives;  // the best of each family of loop orders
  LayerBytes least;                                   // what every blocking moves at least
  Bytes resident_room;                                // of tensors that stay on chip while the layer runs
};

// Where every tensor lives and how every layer is blocked.
struct MemoryPlan {
  std::vector<bool> on_chip;     // by tensor, for its whole life
  std::vector<bool> considered;  // by tensor: whether it could have stayed on chip at all
  std::vector<LayerPlan> layers;
  bool weights_stay = false;  // from one sample to the next
  Bytes bytes;                // off-chip, all layers; of all `samples` that were given
};

// What the planner knows about the hardware and the work beside the network.
struct Surroundings {
  OnChipMemory activation_memory;
  OnChipMemory weight_memory;
  bool has_more_samples = false;  // weights that stay on chip are used again
  std::vector<Pace> pace;         // by array layer; empty: only bytes count
};

// Finds the plan that moves the fewest off-chip bytes, weighing every choice of tensors that stay on chip
// against the room that it leaves the layers for blocking. A tensor may stay that an array layer makes and a
// later one reads, or that the network is given and several layers read. Up to kMostLive of them at each
// layer, the shortest-lived first, are weighed exactly, with a dynamic program over the array layers. Where
// more are live at the same time, sets of tensors that are chosen by size and lifetime are weighed as well.
// One plan serves all samples and minimises their sum. Neither the choices nor the cuts depend on a capacity,
// so a larger memory never moves more bytes. Throws Error(config) with `where` and the layer that no blocking
// fits.
inline constexpr std::size_t kMostLive = 8;
MemoryPlan plan_memory(const workload::Network& network, const Dataflow& flow,
                       std::span<const NetworkSizes> samples, const Surroundings& surroundings,
                       const std::string& where);

// The tensors of an array layer that lie off chip, in one sample.
LayerSizes layer_sizes(const Dataflow& flow, const NetworkSizes& sizes, std::uint32_t layer,
                       const std::vector<bool>& on_chip);

}  // namespace heddle::memory
