// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/trace/stored_size.h"

namespace heddle::trace {

// Statistics of a tensor's decoded integers. Counts are exact, over all samples of the tensor.
struct TensorStats {
  std::string layer;
  std::string role;  // "weight" or "activation"
  bool is_signed = false;
  unsigned precision_bits = 0;  // Pw or Pa
  std::uint64_t values = 0;
  std::uint64_t zeros = 0;
  std::int32_t smallest = 0;
  std::int32_t largest = 0;
  std::uint64_t magnitude_ones = 0;                // set bits of all magnitudes
  std::array<std::uint64_t, 18> magnitude_bits{};  // [n]: values whose magnitude has n bits
  StoredSizes sizes = {};
};

// One row per tensor of each array layer, in network order; tensors without values are left out. Sizes are
// those in containers of `container_bits`; a wider precision throws Error(workload).
std::vector<TensorStats> trace_stats(const Trace& trace, unsigned container_bits);

}  // namespace heddle::trace
