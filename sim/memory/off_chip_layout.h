// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/memory/residency.h"

namespace heddle::memory {

// Where the tensors of a layer lie off chip. Each is one run of addresses.
struct LayerAddresses {
  std::uint64_t weights = 0;
  std::uint64_t metadata = 0;
  std::uint64_t input = 0;
  std::uint64_t kept_input = 0;  // the part that stays on chip from this layer on
  std::uint64_t extra = 0;
  std::uint64_t output = 0;
  std::uint64_t partial_sums = 0;
};

// Addresses of every array layer. Weights, metadata and partial sums of all layers come first, then the
// tensors that lie off chip, each as long as its largest sample.
std::vector<LayerAddresses> place_off_chip(const Dataflow& flow, const MemoryPlan& plan,
                                           std::span<const NetworkSizes> samples);

}  // namespace heddle::memory
