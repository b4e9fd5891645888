// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/hw/engine/engine.h"
#include "sim/memory/memory_config.h"
#include "sim/result/record.h"
#include "sim/trace/trace.h"

namespace heddle::run {

struct Options {
  // Called after each layer of each accelerator was counted: how many of how many, and its name.
  std::function<void(std::size_t done, std::size_t all, const std::string& name)> progress;
  // Called once per accelerator after the simulation: the off-chip requests of all samples (timeline.h).
  std::function<void(std::size_t accelerator, const hw::Timing& timing)> timed;
};

// Runs one trace on each accelerator with its memory: counts every layer of every sample in parallel, then
// lets the engines advance together in one simulation. One record per accelerator, in order. Asserts the
// identities of sim/result/ledger.h for every layer and for the totals.
std::vector<result::RunRecord> run_network(std::span<const arch::AcceleratorConfig> accelerators,
                                           std::span<const memory::MemoryConfig> memories,
                                           const trace::Trace& trace, const Options& options);

}  // namespace heddle::run
