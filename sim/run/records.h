// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/hw/engine/engine.h"
#include "sim/memory/memory_config.h"
#include "sim/run/count.h"

namespace heddle::run {

// The record before anything is counted: configuration, network, notes, and empty samples.
result::RunRecord empty_record(const arch::AcceleratorConfig& config, const memory::MemoryConfig& memory,
                               const Workload& work);

// What the engine of one accelerator worked on and measured.
struct TimedNetwork {
  const CountedNetwork& counted;
  const memory::NetworkPlan& plan;
  const memory::MemoryConfig& memory;
  const memory::WorkList& list;
  const hw::Timing& timing;
};

// Writes counts and times into the record. Throws Error(internal) when the work of the engine differs
// from what was counted and planned: compute cycles, off-chip bytes, bytes of every on-chip memory
// (ledger.h).
void fill_record(result::RunRecord& run, const TimedNetwork& timed);

}  // namespace heddle::run
