// SPDX-License-Identifier: Apache-2.0
#include "sim/run/network_run.h"

#include "sim/run/records.h"

namespace heddle::run {
namespace {

memory::WorkList work_list(const memory::NetworkPlan& plan, const CountedNetwork& counted,
                           std::size_t layers) {
  std::vector<std::vector<std::vector<arch::Cost>>> costs(counted.size() / layers);
  for (std::size_t i = 0; i < counted.size(); ++i) costs[i / layers].push_back(counted[i].costs);
  return plan.work_list(costs);
}

}  // namespace

NetworkRun::NetworkRun(std::span<const arch::AcceleratorConfig> accelerators,
                       std::span<const memory::MemoryConfig> memories, const trace::Trace& trace)
    : accelerators_(accelerators), memories_(memories), work_(array_layers(trace)) {
  for (std::size_t a = 0; a < accelerators_.size(); ++a) {
    plans_.emplace_back(accelerators_[a], memories_[a], trace);
    planned_.push_back({accelerators_[a], plans_[a]});
  }
}

std::vector<result::RunRecord> NetworkRun::run(const Options& options) {
  counted_ = count_layers(work_, planned_, options.progress);
  simulate(options);
  return records(options);
}

void NetworkRun::simulate(const Options& options) {
  std::vector<hw::Job> jobs;
  for (std::size_t a = 0; a < accelerators_.size(); ++a) {
    lists_.push_back(work_list(plans_[a], counted_[a], work_.layers.size()));
    jobs.push_back({lists_[a], memories_[a], accelerators_[a].frequency_mhz});
  }
  hw::TransferProgress progress;
  if (options.simulated) {
    options.simulated(0, 0, "");
    progress = [&](std::size_t done, std::size_t all, std::uint32_t layer) {
      options.simulated(done, all, work_.layers[layer % work_.layers.size()]->id);
    };
  }
  timings_ = hw::simulate(jobs, progress);
}

std::vector<result::RunRecord> NetworkRun::records(const Options& options) const {
  std::vector<result::RunRecord> out;
  for (std::size_t a = 0; a < accelerators_.size(); ++a) {
    if (options.timed) options.timed(a, timings_[a]);
    out.push_back(empty_record(accelerators_[a], memories_[a], work_));
    fill_record(out.back(), {counted_[a], plans_[a], memories_[a], lists_[a], timings_[a]});
  }
  return out;
}

}  // namespace heddle::run
