// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/arch/schedule.h"
#include "sim/arch/storage.h"
#include "sim/hw/memory_config.h"
#include "sim/result/record.h"
#include "sim/workload/trace.h"

namespace heddle::run {

// What is decided about one accelerator and one network before time starts: where tensors live, how layers
// are blocked, how everything is stored and where it lies off chip.
class NetworkPlan {
 public:
  // All three outlive the plan. Throws Error(config | workload).
  NetworkPlan(const arch::AcceleratorConfig& config, const hw::MemoryConfig& memory,
              const workload::Trace& trace);

  [[nodiscard]] const arch::Blocking& blocking(std::size_t step) const { return steps_[step].blocking; }
  [[nodiscard]] const arch::LayerShape& shape(std::size_t step) const { return shapes_[step]; }
  // `costs` by sample, step and block.
  [[nodiscard]] arch::WorkList schedule(const std::vector<std::vector<std::vector<arch::Cost>>>& costs) const;
  [[nodiscard]] bool has_off_chip() const { return memory_.off_chip != hw::OffChipKind::none; }
  // Null without off-chip memory.
  [[nodiscard]] config::Json describe() const;
  [[nodiscard]] config::Json describe_step(std::size_t step) const;
  // Off-chip bytes of a step over all samples, to the byte where the memory moves single bytes.
  [[nodiscard]] Bytes planned_bytes(std::size_t step) const { return planned(steps_[step].blocking).total(); }
  // Of the activation memory while a step runs: what stays and what passes through.
  [[nodiscard]] Bytes activation_room(std::size_t step) const {
    return steps_[step].resident_room + steps_[step].blocking.activation_room;
  }

 private:
  void shape_layers();
  void plan();
  void place_off_chip();
  [[nodiscard]] std::vector<arch::WeightExtras> measure_weights() const;
  [[nodiscard]] config::Json describe_tensor(std::uint32_t tensor) const;
  [[nodiscard]] arch::LayerBytes planned(const arch::Blocking& blocking) const;
  // Runs that one unit of the plan stands for: all samples where sizes do not depend on values.
  [[nodiscard]] std::uint64_t alike() const {
    return sizes_.size() > 1 ? 1 : std::max(1U, trace_.network().samples);
  }
  void count_groups(std::size_t step, arch::ScheduledLayer& layer) const;
  [[nodiscard]] arch::ScheduledLayer scheduled(std::uint32_t sample, std::size_t step,
                                               std::span<const arch::Cost> costs) const;

  const arch::AcceleratorConfig& config_;
  const hw::MemoryConfig& memory_;
  const workload::Trace& trace_;
  arch::Dataflow flow_;
  std::vector<arch::LayerShape> shapes_;
  arch::StorageRule storage_;
  std::vector<arch::WeightExtras> extras_;
  arch::CompressedSizes compressed_;
  std::vector<arch::NetworkSizes> sizes_;  // of each sample where sizes depend on values, else of all alike
  arch::MemoryPlan memory_plan_;
  std::vector<arch::StepPlan> steps_;
  std::vector<arch::LayerAddresses> addresses_;
};

}  // namespace heddle::run
