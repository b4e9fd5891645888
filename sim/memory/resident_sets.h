// SPDX-License-Identifier: Apache-2.0
//
// Which tensors may stay on chip, and which sets of them are weighed.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/memory/dataflow.h"

namespace heddle::memory {

struct ResidentCandidate {
  std::uint32_t tensor = 0;
  std::uint32_t made = 0;      // array layer that makes it, or that loads it
  std::uint32_t last_use = 0;  // array layer
  Bytes room;
  Bytes moved;
};

// Whether a tensor is an input of the network that this layer is the first to read, as activations.
bool is_brought_by(const Dataflow& flow, std::uint32_t tensor, std::uint32_t layer);

// Tensors that a later layer than the one that makes or brings them reads.
std::vector<bool> tensors_that_may_stay(const Dataflow& flow);

// Takes tensors with short lives first, small ones first among equals, as long as no layer has more than
// `most_live` of them.
std::vector<bool> weighed_exactly(std::size_t tensors, std::size_t layers,
                                  std::vector<ResidentCandidate> candidates, std::size_t most_live);

// Sets of tensors that are worth weighing as a whole: for several orders of preference and several limits on
// the room, those that fit one after another. No set depends on a capacity.
std::vector<std::vector<bool>> resident_sets(std::size_t tensors, std::size_t layers,
                                             std::vector<ResidentCandidate> candidates);

}  // namespace heddle::memory
