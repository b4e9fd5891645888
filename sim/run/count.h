// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/memory/network_plan.h"
#include "sim/result/ledger.h"
#include "sim/trace/trace.h"

namespace heddle::run {

// A layer of a sample, counted but not yet timed.
struct CountedLayer {
  result::LayerRecord record;
  std::vector<arch::Cost> costs;  // of its blocks
  // The part of BookTerms that follows from the costs of the blocks.
  Bytes weight_rounding;
  Bytes activation_rounding;
};

// Layers of all samples of one accelerator, sample by sample.
using CountedNetwork = std::vector<CountedLayer>;

// One accelerator and its plan for the network.
struct PlannedAccelerator {
  const arch::AcceleratorConfig& config;
  const memory::NetworkPlan& plan;
};

// What is counted: the array layers of a trace, in its order.
struct Workload {
  const trace::Trace& trace;
  std::vector<const workload::Layer*> layers;
  std::uint32_t samples = 1;  // one where the trace has shapes only
};
// Throws Error(workload) when the network has no array layer.
Workload array_layers(const trace::Trace& trace);

// Counts every layer of every sample on every accelerator, in parallel. `progress` is called after each
// layer.
std::vector<CountedNetwork> count_layers(
    const Workload& work, std::span<const PlannedAccelerator> accelerators,
    const std::function<void(std::size_t done, std::size_t all, const std::string& name)>& progress);

}  // namespace heddle::run
