// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/kernel/terms.h"
#include "sim/trace/trace.h"
#include "sim/workload/network.h"

namespace heddle::run {

// Bit products that an ideal machine without any structure has left to do, padding included. A product of
// two containers is container_bits^2 bit products.
struct Potential {
  std::uint64_t macs = 0;
  std::uint64_t dense = 0;                 // macs * container^2
  std::uint64_t activation_precision = 0;  // Pa * container
  std::uint64_t both_precisions = 0;       // Pa * Pw
  // From here on they depend on values.
  std::uint64_t skip_zero_activations = 0;  // container^2 where the activation is not zero
  std::uint64_t skip_zero_weights = 0;
  std::uint64_t skip_zeros = 0;         // where neither is
  std::uint64_t dynamic_precision = 0;  // width of the activation's group of 16 channels * container
  std::uint64_t activation_terms = 0;   // terms of the activation * container
  std::uint64_t both_terms = 0;         // terms of the activation * terms of the weight

  Potential& operator+=(const Potential& other);
  friend bool operator==(const Potential&, const Potential&) = default;
};

struct PotentialOptions {
  kernel::Encoder encoder = kernel::Encoder::naf;
  unsigned container_bits = 16;
};

// The counts that follow from shapes and precisions alone; the others stay 0.
Potential shape_potential(const workload::Layer& layer, const PotentialOptions& options);

// All counts, exactly: the sum over all products of the cost of each. It is computed by algebra, because a
// kernel position of a channel meets all its windows with all its filters:
//   sum over (channel, ky, kx) of (sum over windows of f(a)) * (sum over filters of g(w)).
Potential potential(const workload::Layer& layer, const workload::IntTensor& activations,
                    const workload::IntTensor& weights, const PotentialOptions& options);

}  // namespace heddle::run
