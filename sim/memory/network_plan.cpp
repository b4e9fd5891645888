// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/network_plan.h"

#include <array>

#include "sim/arch/layer_data.h"
#include "sim/base/error.h"
#include "sim/base/parallel.h"

namespace heddle::memory {
namespace {

constexpr std::uint64_t kAlignment = 4096;  // of every tensor off chip: our choice, a DRAM row or more

const char* name_of(arch::Storage storage) {
  switch (storage) {
    case arch::Storage::bit_interleaved:
      return "bit_interleaved";
    case arch::Storage::compressed:
      return "compressed";
    default:
      return "container";
  }
}

result::Capacity capacity_of(const OnChipMemory& memory) {
  if (memory.capacity == kUnlimited) return {};
  return {memory.capacity};
}

// Of weights packed ahead of time everything that is stored is read for a window set, once.
std::optional<Bytes> packed_weights(const arch::Accelerator& accelerator, const arch::LayerInput& input,
                                    const arch::Plan& plan) {
  if (input.layer.has_run_time_weights() || !accelerator.packing_report(input)) return std::nullopt;
  arch::Block block = arch::whole_layer(input.mapping);
  block.window_sets.resize(1);
  return bytes_holding(accelerator.price(input, plan, block).weight_read);
}

}  // namespace

NetworkPlan::NetworkPlan(const arch::AcceleratorConfig& config, const MemoryConfig& memory,
                         const trace::Trace& trace)
    : config_(config), memory_(memory), trace_(trace), flow_(trace_dataflow(trace.network())) {
  storage_ = {memory.storage.value_or(config.accelerator->storage()), config.accelerator->container_bits()};
  shape_layers();
  steps_.resize(shapes_.size());
  addresses_.resize(shapes_.size());
  for (std::size_t s = 0; s < shapes_.size(); ++s) steps_[s].blocking.filter_blocks = shapes_[s].passes();
  if (has_off_chip()) plan();
}

void NetworkPlan::shape_layers() {
  for (const auto& step : flow_.steps) {
    const workload::Layer& layer = trace_.network().layers[step.layer];
    const auto mapped = arch::map_onto(layer, *config_.accelerator, config_.mapping);
    shapes_.emplace_back(layer, mapped.lowered, mapped.mapping);
  }
}

// Schedules and selects depend on weights alone, so the first sample tells.
std::vector<WeightExtras> NetworkPlan::measure_weights() const {
  std::vector<WeightExtras> out(shapes_.size());
  parallel_for(out.size(), [&](std::size_t s) {
    const arch::LayerData data(trace_, trace_.network().layers[flow_.steps[s].layer], 0, *config_.accelerator,
                               config_.mapping);
    const auto prepared = config_.accelerator->prepare(data.input());
    out[s].metadata = bytes_holding(config_.accelerator->weight_metadata(data.input(), *prepared));
    out[s].packed = packed_weights(*config_.accelerator, data.input(), *prepared);
  });
  return out;
}

void NetworkPlan::plan() {
  extras_ = measure_weights();
  const bool by_values = storage_.storage == arch::Storage::compressed;
  if (by_values) compressed_ = compressed_sizes(trace_, flow_, storage_.container_bits);
  const std::uint32_t samples = by_values ? std::max(1U, trace_.network().samples) : 1;
  for (std::uint32_t sample = 0; sample < samples; ++sample) {
    sizes_.push_back(
        network_sizes(trace_.network(), flow_, shapes_, storage_, extras_, &compressed_, sample));
  }
  memory_plan_ = plan_memory(trace_.network(), flow_, sizes_, memory_.activation_memory,
                             memory_.weight_memory, config_.document.where("/memory"));
  steps_ = memory_plan_.steps;
  place_off_chip();
}

// One run of addresses after another: weights of all layers, then tensors and partial sums.
void NetworkPlan::place_off_chip() {
  std::uint64_t next = 0;
  const auto take = [&](Bytes bytes) {
    const std::uint64_t at = next;
    next += ceil_div(bytes.count(), kAlignment) * kAlignment;
    return at;
  };
  std::vector<std::uint64_t> tensors(flow_.tensors.size(), 0);
  const auto largest = [&](std::uint32_t t) {
    Bytes bytes(0);
    for (const auto& sample : sizes_) bytes = std::max(bytes, sample.tensors[t].traffic);
    return bytes;
  };
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    addresses_[s].weights = take(sizes_.front().steps[s].weights.traffic);
    addresses_[s].metadata = take(sizes_.front().steps[s].metadata.traffic);
    addresses_[s].partial_sums =
        take(steps_[s].blocking.bytes.partial_sums > Bytes(0) ? steps_[s].sizes.partial_sums_room : Bytes(0));
  }
  for (std::uint32_t t = 0; t < flow_.tensors.size(); ++t) {
    if (!memory_plan_.on_chip[t] || flow_.tensors[t].is_output) tensors[t] = take(largest(t));
  }
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const auto first = [&](const std::vector<Use>& uses) -> std::uint64_t {
      for (const auto& use : uses) {
        if (!memory_plan_.on_chip[use.tensor]) return tensors[use.tensor];
      }
      return 0;
    };
    addresses_[s].input = first(flow_.steps[s].activations);
    addresses_[s].extra = first(flow_.steps[s].extras);
    if (!flow_.steps[s].weights.empty()) addresses_[s].weights = first(flow_.steps[s].weights);
    for (auto t = flow_.steps[s].makes.rbegin(); t != flow_.steps[s].makes.rend(); ++t) {
      if (!memory_plan_.on_chip[*t] || flow_.tensors[*t].is_output) addresses_[s].output = tensors[*t];
    }
  }
}

// Groups that pass the codec: of what moves and is kept in groups.
void NetworkPlan::count_groups(std::size_t step, ScheduledLayer& layer) const {
  const Step& at = flow_.steps[step];
  const auto groups = [](std::uint64_t values) { return ceil_div(values, workload::kBrick); };
  const auto add = [&](std::uint32_t t, std::uint64_t values, bool moves, std::uint64_t& sum) {
    if (moves && is_compressible(flow_, t)) sum += groups(values);
  };
  for (const auto& use : at.activations)
    add(use.tensor, use.values, !memory_plan_.on_chip[use.tensor], layer.input_groups);
  for (const auto& use : at.extras)
    add(use.tensor, use.values, !memory_plan_.on_chip[use.tensor], layer.extra_groups);
  for (const auto t : at.makes) {
    const StoredTensor& tensor = flow_.tensors[t];
    add(t, tensor.values, !memory_plan_.on_chip[t] || tensor.is_output, layer.output_groups);
  }
  // Weights that are packed ahead of time or made by an earlier layer are kept otherwise.
  if (at.weights.empty() && !extras_[step].packed)
    layer.weight_groups = groups(trace_.network().layers[at.layer].geometry.weights());
}

ScheduledLayer NetworkPlan::scheduled(std::uint32_t sample, std::size_t step,
                                      std::span<const arch::Cost> costs) const {
  const Step& at = flow_.steps[step];
  const workload::Geometry& g = trace_.network().layers[at.layer].geometry;
  ScheduledLayer out{.shape = shapes_[step],
                     .blocking = steps_[step].blocking,
                     .sizes = {},
                     .costs = costs,
                     .output_written = bytes_holding(Bits(g.output_values() * storage_.container_bits)),
                     .addresses = addresses_[step]};
  if (!has_off_chip()) return out;
  const auto& sizes = sizes_[sizes_.size() > 1 ? sample : 0];
  out.sizes = layer_sizes(flow_, sizes, static_cast<std::uint32_t>(step), memory_plan_.on_chip);
  out.weights_are_run_time = !at.weights.empty();
  for (const auto& use : at.activations)
    out.input_is_made = out.input_is_made || !flow_.tensors[use.tensor].is_input;
  if (storage_.storage == arch::Storage::compressed) count_groups(step, out);
  return out;
}

WorkList NetworkPlan::schedule(const std::vector<std::vector<std::vector<arch::Cost>>>& costs) const {
  Scheduler scheduler(memory_.activation_memory, memory_.weight_memory, has_off_chip(),
                      {memory_.decoder_groups_per_cycle, memory_.encoder_groups_per_cycle});
  for (std::uint32_t sample = 0; sample < costs.size(); ++sample) {
    for (std::size_t s = 0; s < shapes_.size(); ++s) scheduler.add(scheduled(sample, s, costs[sample][s]));
    scheduler.end_sample();
  }
  return scheduler.finish();
}

LayerBytes NetworkPlan::planned(const Blocking& blocking) const {
  const LayerBytes& b = blocking.bytes;
  return {.weights = b.weights * alike(),
          .metadata = b.metadata * alike(),
          .input = b.input * alike(),
          .extra = b.extra * alike(),
          .partial_sums = b.partial_sums * alike(),
          .output = b.output * alike()};
}

result::TensorRecord NetworkPlan::describe_tensor(std::uint32_t t) const {
  const StoredTensor& tensor = flow_.tensors[t];
  const auto layer = [&](std::uint32_t step) { return trace_.network().layers[flow_.steps[step].layer].id; };
  const bool kept = memory_plan_.on_chip[t];
  Bytes stored(0);
  for (const auto& sample : sizes_) stored += sample.tensors[t].traffic * alike();
  result::TensorRecord out{.name = tensor.name,
                           .made_during = tensor.is_input ? "input" : layer(tensor.made),
                           .last_read_during = std::nullopt,
                           .values = tensor.values,
                           .on_chip_bytes = sizes_.front().tensors[t].room,
                           .off_chip_bytes = stored,
                           .place = !kept              ? "off_chip"
                                    : tensor.is_output ? "both"
                                                       : "on_chip",
                           .could_stay = memory_plan_.considered[t]};
  if (tensor.last_use > tensor.made || tensor.is_input) out.last_read_during = layer(tensor.last_use);
  return out;
}

std::optional<result::PlanRecord> NetworkPlan::describe() const {
  if (!has_off_chip()) return std::nullopt;
  result::PlanRecord out{.storage = name_of(storage_.storage),
                         .container_bits = storage_.container_bits,
                         .activation_memory_bytes = capacity_of(memory_.activation_memory),
                         .weight_memory_bytes = capacity_of(memory_.weight_memory),
                         .off_chip_bytes = memory_plan_.bytes * alike(),
                         .tensors = {}};
  for (std::uint32_t t = 0; t < flow_.tensors.size(); ++t) out.tensors.push_back(describe_tensor(t));
  return out;
}

std::optional<result::LayerDetails> NetworkPlan::describe_step(std::size_t step) const {
  if (!has_off_chip()) return std::nullopt;
  const StepPlan& plan = steps_[step];
  const Blocking& b = plan.blocking;
  const auto best = [&](LoopOrder order) -> std::optional<Bytes> {
    const auto& other = plan.alternatives[static_cast<std::size_t>(order)];
    return other ? std::optional(planned(*other).total()) : std::nullopt;
  };
  const LayerBytes bytes = planned(b);
  return result::LayerDetails{
      {.order = std::string(name_of(b.order)),
       .filter_blocks = b.filter_blocks,
       .window_blocks = b.window_blocks,
       .reduction_slices = b.slices,
       .off_chip_bytes = bytes.total(),
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

}  // namespace heddle::memory
