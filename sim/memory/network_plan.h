// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/memory/memory_config.h"
#include "sim/memory/storage.h"
#include "sim/memory/work_list_builder.h"
#include "sim/result/plan_record.h"
#include "sim/trace/trace.h"

namespace heddle::memory {

// What is decided about one accelerator and one network before time starts: where tensors live, how layers
// are blocked, how everything is stored and where it lies off chip.
class NetworkPlan {
 public:
  // All three outlive the plan. Throws Error(config | workload).
  NetworkPlan(const arch::AcceleratorConfig& config, const MemoryConfig& memory, const trace::Trace& trace);

  [[nodiscard]] const Blocking& blocking(std::size_t step) const { return steps_[step].blocking; }
  [[nodiscard]] const LayerShape& shape(std::size_t step) const { return shapes_[step]; }
  // `costs` by sample, step and block.
  [[nodiscard]] WorkList schedule(const std::vector<std::vector<std::vector<arch::Cost>>>& costs) const;
  [[nodiscard]] bool has_off_chip() const { return memory_.off_chip != OffChipKind::none; }
  // None without off-chip memory.
  [[nodiscard]] std::optional<result::PlanRecord> describe() const;
  [[nodiscard]] std::optional<result::LayerDetails> describe_step(std::size_t step) const;
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
  [[nodiscard]] std::vector<WeightExtras> measure_weights() const;
  [[nodiscard]] result::TensorRecord describe_tensor(std::uint32_t tensor) const;
  [[nodiscard]] LayerBytes planned(const Blocking& blocking) const;
  // Runs that one unit of the plan stands for: all samples where sizes do not depend on values.
  [[nodiscard]] std::uint64_t alike() const {
    return sizes_.size() > 1 ? 1 : std::max(1U, trace_.network().samples);
  }
  void count_groups(std::size_t step, ScheduledLayer& layer) const;
  [[nodiscard]] ScheduledLayer scheduled(std::uint32_t sample, std::size_t step,
                                         std::span<const arch::Cost> costs) const;

  const arch::AcceleratorConfig& config_;
  const MemoryConfig& memory_;
  const trace::Trace& trace_;
  Dataflow flow_;
  std::vector<LayerShape> shapes_;
  StorageRule storage_;
  std::vector<WeightExtras> extras_;
  CompressedSizes compressed_;
  std::vector<NetworkSizes> sizes_;  // of each sample where sizes depend on values, else of all alike
  MemoryPlan memory_plan_;
  std::vector<StepPlan> steps_;
  std::vector<LayerAddresses> addresses_;
};

}  // namespace heddle::memory
