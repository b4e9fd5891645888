// SPDX-License-Identifier: Apache-2.0
#include "sim/run/experiment.h"

#include <deque>

#include "sim/run/records.h"

namespace heddle::run {
namespace {

memory::WorkList work_list(const memory::NetworkPlan& plan, const CountedNetwork& counted,
                           std::size_t layers) {
  std::vector<std::vector<std::vector<arch::Cost>>> costs(counted.size() / layers);
  for (std::size_t i = 0; i < counted.size(); ++i) costs[i / layers].push_back(counted[i].costs);
  return plan.work_list(costs);
}

// One run of all accelerators, step by step: plan, count, simulate, fill.
class Experiment {
 public:
  Experiment(std::span<const arch::AcceleratorConfig> accelerators,
             std::span<const memory::MemoryConfig> memories, const trace::Trace& trace)
      : accelerators_(accelerators), memories_(memories), work_(array_layers(trace)) {}

  std::vector<result::RunRecord> run(const Options& options) {
    plan();
    count(options);
    simulate();
    return records(options);
  }

 private:
  void plan() {
    for (std::size_t a = 0; a < accelerators_.size(); ++a) {
      plans_.emplace_back(accelerators_[a], memories_[a], work_.trace);
      planned_.push_back({accelerators_[a], plans_[a]});
    }
  }

  void count(const Options& options) { counted_ = count_layers(work_, planned_, options.progress); }

  void simulate() {
    std::vector<hw::Job> jobs;
    for (std::size_t a = 0; a < accelerators_.size(); ++a) {
      lists_.push_back(work_list(plans_[a], counted_[a], work_.layers.size()));
      jobs.push_back({lists_[a], memories_[a], accelerators_[a].frequency_mhz});
    }
    timings_ = hw::simulate(jobs);
  }

  std::vector<result::RunRecord> records(const Options& options) const {
    std::vector<result::RunRecord> out;
    for (std::size_t a = 0; a < accelerators_.size(); ++a) {
      if (options.timed) options.timed(a, timings_[a]);
      out.push_back(empty_record(accelerators_[a], memories_[a], work_));
      fill_record(out.back(), {counted_[a], plans_[a], memories_[a], lists_[a], timings_[a]});
    }
    return out;
  }

  std::span<const arch::AcceleratorConfig> accelerators_;
  std::span<const memory::MemoryConfig> memories_;
  Workload work_;
  // By accelerator; jobs refer to lists.
  std::deque<memory::NetworkPlan> plans_;
  std::vector<PlannedAccelerator> planned_;
  std::vector<CountedNetwork> counted_;
  std::deque<memory::WorkList> lists_;
  std::vector<hw::Timing> timings_;
};

}  // namespace

std::vector<result::RunRecord> run_network(std::span<const arch::AcceleratorConfig> accelerators,
                                           std::span<const memory::MemoryConfig> memories,
                                           const trace::Trace& trace, const Options& options) {
  return Experiment(accelerators, memories, trace).run(options);
}

}  // namespace heddle::run
