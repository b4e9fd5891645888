// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/run/potential.h"
#include "sim/trace/trace.h"

namespace heddle::run {

// The bit products that one layer has left, over all samples.
struct LayerPotential {
  std::string layer;
  bool has_values = true;  // false: only what follows from shapes and precisions is counted
  Potential counts;
};

// Every array layer in network order, and the total of all as the last row. Throws Error(workload) when a
// layer's precision does not fit the container.
std::vector<LayerPotential> network_potential(const trace::Trace& trace, const PotentialOptions& options);

}  // namespace heddle::run
