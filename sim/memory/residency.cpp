// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/residency.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::memory {
namespace {

// A set of tensors, one bit each.
using Mask = std::vector<bool>;

class Planner {
 public:
  Planner(const workload::Network& network, const Dataflow& flow, std::span<const NetworkSizes> samples,
          const OnChipMemory& activations, const OnChipMemory& weights, const std::string& where)
      : network_(network),
        flow_(flow),
        samples_(samples),
        sizes_(samples.front()),
        activations_(activations),
        weights_(weights),
        where_(where) {
    choose_considered();
  }

  MemoryPlan run() {
    States states{{Mask(flow_.tensors.size(), false), {}}};
    for (std::uint32_t l = 0; l < flow_.layers.size(); ++l) states = advance(l, states);
    HEDDLE_CHECK(!states.empty(), "a plan without an end");
    const auto moves_less = [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; };
    const Path& best = std::min_element(states.begin(), states.end(), moves_less)->second;
    MemoryPlan plan;
    plan.considered = considered_;
    plan.on_chip = best.chosen.empty() ? Mask(flow_.tensors.size(), false) : best.chosen;
    plan.bytes = best.bytes;
    for (std::uint32_t s = 0; s < flow_.layers.size(); ++s)
      plan.layers.push_back(layer_plan(s, plan.on_chip));
    return plan;
  }

 private:
  struct Path {
    Bytes bytes;
    Mask chosen;  // every tensor kept so far
  };
  // The best path to each set of tensors that are on chip now.
  using States = std::map<Mask, Path>;

  // Takes tensors with short lives first, small ones first among equals, as long as no layer has more than
  // kMostLive of them.
  void choose_considered() {
    considered_.assign(flow_.tensors.size(), false);
    std::vector<std::uint32_t> order;
    for (std::uint32_t t = 0; t < flow_.tensors.size(); ++t) {
      const auto& tensor = flow_.tensors[t];
      if (!tensor.is_input && tensor.last_use > tensor.made) order.push_back(t);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      const auto key = [&](std::uint32_t t) {
        return std::pair(flow_.tensors[t].last_use - flow_.tensors[t].made, sizes_.tensors[t].room);
      };
      return key(a) < key(b);
    });
    std::vector<std::size_t> live(flow_.layers.size(), 0);
    for (const auto t : order) {
      const auto begin = live.begin() + flow_.tensors[t].made;
      const auto end = live.begin() + flow_.tensors[t].last_use + 1;
      if (*std::max_element(begin, end) >= kMostLive) continue;
      for (auto at = begin; at != end; ++at) ++*at;
      considered_[t] = true;
    }
  }

  States advance(std::uint32_t l, const States& states) {
    std::vector<std::uint32_t> fresh;
    for (const auto t : flow_.layers[l].makes) {
      if (considered_[t]) fresh.push_back(t);
    }
    States out;
    for (const auto& [live, path] : states) {
      for (std::uint32_t dropped = 0; dropped < (1U << fresh.size()); ++dropped)
        extend(l, live, path, fresh, dropped, out);
    }
    if (out.empty()) refuse(l);
    return out;
  }

  // Adds one layer to a path. The layer keeps all its new tensors except the dropped ones. The choice that
  // keeps all is tried first, so that it wins among equals.
  void extend(std::uint32_t l, Mask live, Path path, const std::vector<std::uint32_t>& fresh,
              std::uint32_t dropped, States& out) const {
    if (path.chosen.empty()) path.chosen.assign(flow_.tensors.size(), false);
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if ((dropped >> i & 1U) == 0) live[fresh[i]] = path.chosen[fresh[i]] = true;
    }
    const BlockingChoice blocking = block(l, live, false);
    if (!blocking.best) return;
    path.bytes += blocking.best->bytes.total();
    for (std::uint32_t t = 0; t < live.size(); ++t) live[t] = live[t] && flow_.tensors[t].last_use > l;
    const auto [at, is_new] = out.try_emplace(std::move(live), path);
    if (!is_new && path.bytes < at->second.bytes) at->second = std::move(path);
  }

  // Bytes are those that move in all samples together; the room is that of one sample.
  [[nodiscard]] LayerSizes all_samples(std::uint32_t l, const Mask& on_chip) const {
    LayerSizes sum = layer_sizes(flow_, samples_[0], l, on_chip);
    for (const auto& sample : samples_.subspan(1)) {
      const LayerSizes one = layer_sizes(flow_, sample, l, on_chip);
      for (auto member : {&LayerSizes::weights, &LayerSizes::metadata, &LayerSizes::line_group,
                          &LayerSizes::extra, &LayerSizes::output, &LayerSizes::partial_sums}) {
        sum.*member += one.*member;
      }
    }
    return sum;
  }

  [[nodiscard]] Bytes resident_room(std::uint32_t l, const Mask& on_chip) const {
    Bytes room(0);
    for (std::uint32_t t = 0; t < on_chip.size(); ++t) {
      if (on_chip[t] && flow_.tensors[t].made <= l && flow_.tensors[t].last_use >= l)
        room += sizes_.tensors[t].room;
    }
    return room;
  }

  [[nodiscard]] BlockingChoice block(std::uint32_t l, const Mask& on_chip, bool all_orders) const {
    const Bytes resident = resident_room(l, on_chip);
    if (resident > activations_.capacity) return {};
    const Bytes free = activations_.capacity == kUnlimited ? kUnlimited : activations_.capacity - resident;
    return choose_blocking(*sizes_.layers[l].shape, all_samples(l, on_chip), free, activations_, weights_,
                           all_orders);
  }

  [[nodiscard]] LayerPlan layer_plan(std::uint32_t l, const Mask& on_chip) const {
    BlockingChoice choice = block(l, on_chip, true);
    HEDDLE_CHECK(choice.best, "the chosen plan does not fit");
    return {*choice.best, std::move(choice.by_order), all_samples(l, on_chip), resident_room(l, on_chip)};
  }

  [[noreturn]] void refuse(std::uint32_t l) const {
    const Mask none(flow_.tensors.size(), false);
    const BlockingChoice free =
        choose_blocking(*sizes_.layers[l].shape, all_samples(l, none), kUnlimited, activations_,
                        {kUnlimited, weights_.is_double_buffered}, true);
    throw Error(
        ErrorKind::config, where_,
        fmt::format("layer {} fits in no blocking: it needs at least {} bytes of activation_memory "
                    "and {} bytes of weight_memory; if one memory has no more than that, the other may have "
                    "to be larger",
                    in_quotes(network_.layers[flow_.layers[l].index].id), free.least_activation_room.count(),
                    free.least_weight_room.count()));
  }

  const workload::Network& network_;
  const Dataflow& flow_;
  std::span<const NetworkSizes> samples_;
  const NetworkSizes& sizes_;  // of the first sample; every sample takes the same room
  const OnChipMemory& activations_;
  const OnChipMemory& weights_;
  std::string where_;
  Mask considered_;
};

void set_weights(const ArrayLayer& layer, const WeightSizes& sizes, const std::vector<bool>& on_chip,
                 LayerSizes& out) {
  out.weights_room = sizes.weights.room + sizes.metadata.room;
  out.pass_weights_room =
      proportion_up(out.weights_room, sizes.shape->largest_pass_filters(), sizes.shape->filters());
  const bool stay_on_chip =
      layer.has_run_time_weights() && std::all_of(layer.weights.begin(), layer.weights.end(),
                                                  [&](const Use& use) { return on_chip[use.tensor]; });
  out.weights = stay_on_chip ? Bytes(0) : sizes.weights.moved;
  out.metadata = sizes.metadata.moved;
}

// Of the tensors that lie off chip, the parts that are read.
TensorSize off_chip_part(const Dataflow& flow, const NetworkSizes& sizes, const std::vector<Use>& uses,
                         const std::vector<bool>& on_chip) {
  TensorSize sum;
  for (const auto& use : uses) {
    if (on_chip[use.tensor]) continue;
    const std::uint64_t all = std::max<std::uint64_t>(1, flow.tensors[use.tensor].values);
    const TensorSize& size = sizes.tensors[use.tensor];
    sum += {proportion_up(size.room, use.values, all), proportion_up(size.moved, use.values, all)};
  }
  return sum;
}

}  // namespace

LayerSizes layer_sizes(const Dataflow& flow, const NetworkSizes& sizes, std::uint32_t layer,
                       const std::vector<bool>& on_chip) {
  const ArrayLayer& at = flow.layers[layer];
  const LayerShape& shape = *sizes.layers[layer].shape;
  LayerSizes out;
  set_weights(at, sizes.layers[layer], on_chip, out);
  const TensorSize input = off_chip_part(flow, sizes, at.activations, on_chip);
  const std::uint64_t line_groups = shape.line_count() * shape.groups();
  out.line_group = Bytes(ceil_div(input.moved.count(), line_groups));
  out.line_group_room = Bytes(ceil_div(input.room.count(), line_groups));
  const TensorSize extra = off_chip_part(flow, sizes, at.extras, on_chip);
  out.extra = extra.moved;
  out.extra_room = extra.room;
  for (const auto t : at.makes) {
    // An output of the network goes off chip even where it is also read on chip.
    if (on_chip[t] && !flow.tensors[t].is_output) continue;
    out.output += sizes.tensors[t].moved;
    out.output_room += sizes.tensors[t].room;
  }
  out.partial_sums = out.partial_sums_room = Bytes(shape.windows() * shape.filters() * kAccumulatorBytes);
  return out;
}

MemoryPlan plan_memory(const workload::Network& network, const Dataflow& flow,
                       std::span<const NetworkSizes> samples, const OnChipMemory& activation_memory,
                       const OnChipMemory& weight_memory, const std::string& where) {
  return Planner(network, flow, samples, activation_memory, weight_memory, where).run();
}

}  // namespace heddle::memory
