// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/memory/memory_config.h"
#include "sim/memory/storage.h"
#include "sim/memory/work_list_builder.h"
#include "sim/trace/trace.h"

namespace heddle::memory {

// What is decided about one accelerator and one network before time starts: where tensors live, how layers
// are blocked, how everything is stored and where it lies off chip.
class NetworkPlan {
 public:
  // All three outlive the plan. Throws Error(config | workload).
  NetworkPlan(const arch::AcceleratorConfig& config, const MemoryConfig& memory, const trace::Trace& trace);

  [[nodiscard]] const Blocking& blocking(std::size_t layer) const { return layers_[layer].blocking; }
  [[nodiscard]] const LayerShape& shape(std::size_t layer) const { return shapes_[layer]; }
  // `costs` by sample, layer and block.
  [[nodiscard]] WorkList work_list(const std::vector<std::vector<std::vector<arch::Cost>>>& costs) const;
  [[nodiscard]] bool has_off_chip() const { return memory_.off_chip != OffChipKind::none; }
  // Null without off-chip memory.
  [[nodiscard]] config::Json describe() const;
  [[nodiscard]] config::Json describe_layer(std::size_t layer) const;
  // Off-chip bytes of a layer over all samples, to the byte where the memory moves single bytes.
  [[nodiscard]] Bytes planned_bytes(std::size_t layer) const {
    return planned(layers_[layer].blocking).total();
  }
  // Of the activation memory while a layer runs: what stays and what passes through.
  [[nodiscard]] Bytes activation_room(std::size_t layer) const {
    return layers_[layer].resident_room + layers_[layer].blocking.activation_room;
  }

 private:
  void shape_layers();
  void plan();
  void place_off_chip();
  [[nodiscard]] std::vector<WeightExtras> measure_weights() const;
  [[nodiscard]] config::Json describe_tensor(std::uint32_t tensor) const;
  [[nodiscard]] LayerBytes planned(const Blocking& blocking) const;
  // Runs that one unit of the plan stands for: all samples where sizes do not depend on values.
  [[nodiscard]] std::uint64_t alike() const {
    return sizes_.size() > 1 ? 1 : std::max(1U, trace_.network().samples);
  }
  void count_groups(std::size_t index, PlannedLayer& layer) const;
  [[nodiscard]] PlannedLayer planned_layer(std::uint32_t sample, std::size_t layer,
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
  std::vector<LayerPlan> layers_;
  std::vector<LayerAddresses> addresses_;
};

}  // namespace heddle::memory
