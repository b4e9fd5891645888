// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
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
// are blocked, how everything is stored and where it lies off chip. Layers are array layers, numbered in the
// order of execution.
class NetworkPlan {
 public:
  // All three outlive the plan. Throws Error(config | workload).
  NetworkPlan(const arch::AcceleratorConfig& config, const MemoryConfig& memory, const trace::Trace& trace);

  [[nodiscard]] const Blocking& blocking(std::size_t layer) const { return layers_[layer].blocking; }
  [[nodiscard]] const LayerShape& shape(std::size_t layer) const { return shapes_[layer]; }
  // `costs` by sample, layer and block.
  [[nodiscard]] WorkList work_list(const std::vector<std::vector<std::vector<arch::Cost>>>& costs) const;
  [[nodiscard]] bool has_off_chip() const { return memory_.off_chip != OffChipKind::none; }
  // For the result. None without off-chip memory.
  [[nodiscard]] std::optional<result::PlanRecord> describe() const;
  [[nodiscard]] std::optional<result::LayerDetails> describe_layer(std::size_t layer) const;
  // Off-chip bytes of a layer over all samples, exact where the memory moves single bytes.
  [[nodiscard]] Bytes planned_bytes(std::size_t layer) const {
    return of_all_samples(layers_[layer].blocking.bytes).total();
  }
  // Bits of a layer's outputs as they go to the activation memory: whole containers, or where storage is
  // bit-interleaved as many bits per value as the widest tensor that the layer makes is stored with.
  [[nodiscard]] Bits output_bits(std::size_t layer) const;
  // What a result says beside its figures.
  [[nodiscard]] std::vector<std::string> notes() const;
  // What the activation memory holds while a layer runs: what stays and what passes through.
  [[nodiscard]] Bytes activation_room(std::size_t layer) const {
    return layers_[layer].resident_room + layers_[layer].blocking.activation_room;
  }

 private:
  [[nodiscard]] const workload::Layer& network_layer(std::size_t layer) const {
    return trace_.network().layers[flow_.layers[layer].index];
  }
  void shape_layers();
  void plan_off_chip();
  [[nodiscard]] DesignWeights design_weights(std::size_t layer) const;
  [[nodiscard]] std::vector<NetworkSizes> sizes_of_samples() const;
  // How many samples one unit of the plan stands for: all of them where sizes do not depend on values.
  [[nodiscard]] std::uint64_t samples_alike() const {
    return sizes_.size() > 1 ? 1 : std::max(1U, trace_.network().samples);
  }
  // What moves in all samples. Weights that stay on chip are loaded for the first.
  [[nodiscard]] LayerBytes of_all_samples(const LayerBytes& bytes) const;
  [[nodiscard]] std::vector<Pace> pace_of_layers() const;
  [[nodiscard]] bool moves_in_groups(std::uint32_t tensor) const;
  [[nodiscard]] CodecGroups codec_groups(std::size_t layer) const;
  [[nodiscard]] PlannedLayer planned_layer(std::uint32_t sample, std::size_t layer,
                                           std::span<const arch::Cost> costs) const;
  [[nodiscard]] result::TensorRecord describe_tensor(std::uint32_t tensor) const;

  const arch::AcceleratorConfig& config_;
  const MemoryConfig& memory_;
  const trace::Trace& trace_;
  Dataflow flow_;
  std::vector<LayerShape> shapes_;
  std::vector<std::uint64_t> steps_;  // of the array, by layer
  StorageRule storage_;
  std::vector<DesignWeights> design_weights_;
  std::vector<NetworkSizes> sizes_;  // one per sample where sizes depend on values, otherwise one for all
  MemoryPlan memory_plan_;
  std::vector<LayerPlan> layers_;
  std::vector<LayerAddresses> addresses_;
};

}  // namespace heddle::memory
