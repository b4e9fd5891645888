// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/hw/engine/engine.h"
#include "sim/memory/memory_config.h"
#include "sim/result/record.h"
#include "sim/run/count.h"
#include "sim/trace/trace.h"

namespace heddle::run {

struct Options {
  // Called after each layer of each accelerator was counted: `done` of `all`, and the name of the layer.
  std::function<void(std::size_t done, std::size_t all, const std::string& name)> progress;
  // Called as the simulation starts with done = 0, and after each off-chip transfer.
  std::function<void(std::size_t done, std::size_t all, const std::string& name)> simulated;
  // Called once per accelerator after the simulation: the off-chip requests of all samples (timeline.h).
  std::function<void(std::size_t accelerator, const hw::Timing& timing)> timed;
};

// One trace on each accelerator with its memory. Arguments outlive the object.
class NetworkRun {
 public:
  // Plans every accelerator's memory. Throws Error(config | workload) where nothing fits, or where the trace
  // lacks values that the plan needs: all bad input is refused here, before anything is counted.
  NetworkRun(std::span<const arch::AcceleratorConfig> accelerators,
             std::span<const memory::MemoryConfig> memories, const trace::Trace& trace);

  // Counts every layer of every sample in parallel, then lets the engines advance together in one simulation.
  // One record per accelerator, in order. Asserts the identities of sim/result/ledger.h for every layer and
  // for the totals. Can be called once per object.
  std::vector<result::RunRecord> run(const Options& options);

 private:
  void simulate(const Options& options);
  [[nodiscard]] std::vector<result::RunRecord> records(const Options& options) const;

  std::span<const arch::AcceleratorConfig> accelerators_;
  std::span<const memory::MemoryConfig> memories_;
  Workload work_;
  // By accelerator; the jobs refer to the lists.
  std::deque<memory::NetworkPlan> plans_;
  std::vector<PlannedAccelerator> planned_;
  std::vector<CountedNetwork> counted_;
  std::deque<memory::WorkList> lists_;
  std::vector<hw::Timing> timings_;
};

}  // namespace heddle::run
