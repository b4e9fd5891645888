// SPDX-License-Identifier: Apache-2.0
//
// What results say about a plan: `plan`, and `details` of each layer (docs/results.md).
#include <fmt/format.h>

#include "sim/memory/network_plan.h"

namespace heddle::memory {
namespace {

result::Capacity capacity_of(const OnChipMemory& memory) {
  if (memory.capacity == kUnlimited) return {};
  return {memory.capacity};
}

const char* place_of(bool is_on_chip, bool is_output) {
  if (!is_on_chip) return "off_chip";
  return is_output ? "both" : "on_chip";
}

}  // namespace

std::optional<result::PlanRecord> NetworkPlan::describe() const {
  if (!has_off_chip()) return std::nullopt;
  result::PlanRecord out{.storage = std::string(arch::word_of(storage_.storage)),
                         .container_bits = storage_.container_bits,
                         .activation_memory_bytes = capacity_of(memory_.activation_memory),
                         .weight_memory_bytes = capacity_of(memory_.weight_memory),
                         .weights_stay = memory_plan_.weights_stay,
                         .off_chip_bytes = Bytes(0),
                         .tensors = {}};
  for (const auto& layer : layers_) out.off_chip_bytes += of_all_samples(layer.blocking.bytes).total();
  for (std::uint32_t t = 0; t < flow_.tensors.size(); ++t) out.tensors.push_back(describe_tensor(t));
  return out;
}

result::TensorRecord NetworkPlan::describe_tensor(std::uint32_t t) const {
  const StoredTensor& tensor = flow_.tensors[t];
  Bytes stored(0);
  for (const auto& sample : sizes_) stored += sample.tensors[t].moved * samples_alike();
  result::TensorRecord out{.name = tensor.name,
                           .made_during = tensor.is_input ? "input" : network_layer(tensor.made).id,
                           .last_read_during = std::nullopt,
                           .values = tensor.values,
                           .on_chip_bytes = sizes_.front().tensors[t].room,
                           .off_chip_bytes = stored,
                           .place = place_of(memory_plan_.on_chip[t], tensor.is_output),
                           .could_stay = memory_plan_.considered[t]};
  if (tensor.last_use > tensor.made || tensor.is_input)
    out.last_read_during = network_layer(tensor.last_use).id;
  return out;
}

std::optional<result::LayerDetails> NetworkPlan::describe_layer(std::size_t layer) const {
  if (!has_off_chip()) return std::nullopt;
  const LayerPlan& plan = layers_[layer];
  const Blocking& b = plan.blocking;
  const auto best = [&](LoopOrder order) -> std::optional<Bytes> {
    const auto& other = plan.alternatives[static_cast<std::size_t>(order)];
    return other ? std::optional(of_all_samples(other->bytes).total()) : std::nullopt;
  };
  const LayerBytes bytes = of_all_samples(b.bytes);
  return result::LayerDetails{
      {.order = std::string(name_of(b.order())),
       .loops = describe_loops(b),
       .filter_blocks = b.filter_blocks,
       .window_blocks = b.window_blocks,
       .reduction_slices = b.slices,
       .held_weight_blocks = b.held_weight_blocks,
       .off_chip_bytes = bytes.total(),
       .off_chip_bytes_at_least = of_all_samples(plan.least).total(),
       .estimated_cycles = b.estimated_cycles,
       .off_chip_bytes_by_tensor = {.weights = bytes.weights,
                                    .metadata = bytes.metadata,
                                    .input = bytes.input,
                                    .second_operands = bytes.extra,
                                    .partial_sums = bytes.partial_sums,
                                    .output = bytes.output},
       .off_chip_bytes_by_order = {.whole = best(LoopOrder::whole),
                                   .filters_windows = best(LoopOrder::filters_windows),
                                   .windows_filters = best(LoopOrder::windows_filters),
                                   .sums_kept = best(LoopOrder::sums_kept),
                                   .sums_kept_input_streamed = best(LoopOrder::sums_kept_input_streamed),
                                   .sums_spilled = best(LoopOrder::sums_spilled)},
       .activation_memory_bytes = b.activation_room,
       .resident_bytes = plan.resident_room,
       .weight_memory_bytes = b.weight_room}};
}

std::vector<std::string> NetworkPlan::notes() const {
  std::vector<std::string> out;
  if (!has_off_chip() || storage_.storage != arch::Storage::compressed) return out;
  const std::uint64_t least = memory_.codec.decoder * kLeastGroupBits * 1024 / 8;
  const std::uint64_t delivered = off_chip_bytes_per_1024_cycles(memory_, config_.frequency_mhz);
  if (least < delivered || (delivered == 0 && memory_.off_chip == OffChipKind::ideal)) {
    out.push_back(
        fmt::format("memory.codec: the decoder takes {} groups per cycle, each of at least {} bits, and the "
                    "off-chip memory can "
                    "deliver more: it can be the bottleneck",
                    memory_.codec.decoder, kLeastGroupBits));
  }
  return out;
}

}  // namespace heddle::memory
