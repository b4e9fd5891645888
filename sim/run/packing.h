// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/trace/trace.h"

namespace heddle::run {

// How a design packs the weights of one layer ahead of time.
struct LayerPacking {
  std::string layer;
  arch::PackingReport report;
};

// Throws Error(usage) when the design does not pack; asked before a trace is opened.
void require_packing(const arch::AcceleratorConfig& config);

// Packs the weights of every array layer of the network, or of the layer `only` (empty: all). Weights are
// enough: the trace need not hold activations. Throws Error(usage) when there is no such layer or the design
// does not pack, Error(workload) when a layer has no weight values.
std::vector<LayerPacking> pack_network(const arch::AcceleratorConfig& config, const trace::Trace& trace,
                                       const std::string& only);

// The counts of all layers together; histograms and moves are left empty.
arch::PackingReport sum_of(const std::vector<LayerPacking>& rows);

}  // namespace heddle::run
