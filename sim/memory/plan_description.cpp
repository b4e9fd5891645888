// SPDX-License-Identifier: Apache-2.0
//
// What results say about a plan: `plan`, and `details` of each layer (docs/results.md).
#include "sim/memory/network_plan.h"

namespace heddle::memory {
namespace {

using config::Json;

Json capacity_json(Bytes capacity) {
  return capacity == kUnlimited ? Json("unlimited") : Json(capacity.count());
}

Json bytes_json(const LayerBytes& bytes) {
  return {{"weights", bytes.weights.count()},
          {"metadata", bytes.metadata.count()},
          {"input", bytes.input.count()},
          {"second_operands", bytes.extra.count()},
          {"partial_sums", bytes.partial_sums.count()},
          {"output", bytes.output.count()}};
}

const char* place_of(bool is_on_chip, bool is_output) {
  if (!is_on_chip) return "off_chip";
  return is_output ? "both" : "on_chip";
}

}  // namespace

Json NetworkPlan::describe() const {
  if (!has_off_chip()) return nullptr;
  Json tensors = Json::array();
  for (std::uint32_t t = 0; t < flow_.tensors.size(); ++t) tensors.push_back(describe_tensor(t));
  return {{"storage", std::string(arch::word_of(storage_.storage))},
          {"container_bits", storage_.container_bits},
          {"activation_memory_bytes", capacity_json(memory_.activation_memory.capacity)},
          {"weight_memory_bytes", capacity_json(memory_.weight_memory.capacity)},
          {"off_chip_bytes", (memory_plan_.bytes * samples_alike()).count()},
          {"tensors", std::move(tensors)}};
}

Json NetworkPlan::describe_tensor(std::uint32_t t) const {
  const StoredTensor& tensor = flow_.tensors[t];
  Bytes stored(0);
  for (const auto& sample : sizes_) stored += sample.tensors[t].moved * samples_alike();
  const bool is_read_later = tensor.last_use > tensor.made || tensor.is_input;
  return {{"name", tensor.name},
          {"made_during", tensor.is_input ? Json("input") : Json(network_layer(tensor.made).id)},
          {"last_read_during", is_read_later ? Json(network_layer(tensor.last_use).id) : Json()},
          {"values", tensor.values},
          {"on_chip_bytes", sizes_.front().tensors[t].room.count()},
          {"off_chip_bytes", stored.count()},
          {"place", place_of(memory_plan_.on_chip[t], tensor.is_output)},
          {"could_stay", static_cast<bool>(memory_plan_.considered[t])}};
}

Json NetworkPlan::describe_layer(std::size_t layer) const {
  if (!has_off_chip()) return nullptr;
  const LayerPlan& plan = layers_[layer];
  const Blocking& b = plan.blocking;
  Json alternatives = Json::object();
  for (std::size_t o = 0; o < plan.alternatives.size(); ++o) {
    const auto& other = plan.alternatives[o];
    alternatives[std::string(name_of(static_cast<LoopOrder>(o)))] =
        other ? Json((other->bytes * samples_alike()).total().count()) : Json();
  }
  const LayerBytes bytes = b.bytes * samples_alike();
  return {{"blocking",
           {{"order", std::string(name_of(b.order))},
            {"filter_blocks", b.filter_blocks},
            {"window_blocks", b.window_blocks},
            {"reduction_slices", b.slices},
            {"off_chip_bytes", bytes.total().count()},
            {"off_chip_bytes_by_tensor", bytes_json(bytes)},
            {"off_chip_bytes_by_order", std::move(alternatives)},
            {"activation_memory_bytes", b.activation_room.count()},
            {"resident_bytes", plan.resident_room.count()},
            {"weight_memory_bytes", b.weight_room.count()}}}};
}

}  // namespace heddle::memory
