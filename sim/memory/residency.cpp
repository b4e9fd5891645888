// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/residency.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::memory {
namespace {

Bytes scaled(Bytes bytes, std::uint64_t part, std::uint64_t whole) {
  if (whole == 0 || part == whole) return bytes;
  return Bytes(bytes.count() / whole * part + ceil_div(bytes.count() % whole * part, whole));
}

// Residents are a set of tensors, kept as a bit each among those that are weighed.
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
    std::map<Mask, Path> states{{Mask(flow_.tensors.size(), false), {}}};
    for (std::uint32_t s = 0; s < flow_.layers.size(); ++s) states = advance(s, states);
    HEDDLE_CHECK(!states.empty(), "a plan without an end");
    const Path& best = std::min_element(states.begin(), states.end(), [](const auto& a, const auto& b) {
                         return a.second.bytes < b.second.bytes;
                       })->second;
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
    Mask chosen;  // every tensor that was ever kept
  };

  // Short lives first, small ones first among equals, as long as no layer sees too many.
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

  std::map<Mask, Path> advance(std::uint32_t s, const std::map<Mask, Path>& states) {
    std::vector<std::uint32_t> fresh;
    for (const auto t : flow_.layers[s].makes) {
      if (considered_[t]) fresh.push_back(t);
    }
    std::map<Mask, Path> out;
    for (const auto& [live, path] : states) {
      for (std::uint32_t choice = 0; choice < (1U << fresh.size()); ++choice) {
        Mask now = live;
        Path next = path;
        if (next.chosen.empty()) next.chosen.assign(flow_.tensors.size(), false);
        for (std::size_t i = 0; i < fresh.size(); ++i) {
          // Keeping comes first, so that it wins among equals.
          if ((choice >> i & 1U) == 0) now[fresh[i]] = next.chosen[fresh[i]] = true;
        }
        const BlockingChoice blocking = block(s, now, false);
        if (!blocking.best) continue;
        next.bytes += blocking.best->bytes.total();
        for (std::uint32_t t = 0; t < now.size(); ++t) now[t] = now[t] && flow_.tensors[t].last_use > s;
        const auto [at, is_new] = out.try_emplace(std::move(now), next);
        if (!is_new && next.bytes < at->second.bytes) at->second = std::move(next);
      }
    }
    if (out.empty()) refuse(s);
    return out;
  }

  [[nodiscard]] LayerSizes all_samples(std::uint32_t s, const Mask& on_chip) const {
    LayerSizes sum = layer_sizes(flow_, samples_[0], s, on_chip);
    for (const auto& sample : samples_.subspan(1)) {
      const LayerSizes one = layer_sizes(flow_, sample, s, on_chip);
      for (auto member : {&LayerSizes::weights, &LayerSizes::metadata, &LayerSizes::line_group,
                          &LayerSizes::extra, &LayerSizes::output, &LayerSizes::partial_sums}) {
        sum.*member += one.*member;
      }
    }
    return sum;
  }

  [[nodiscard]] Bytes resident_room(std::uint32_t s, const Mask& on_chip) const {
    Bytes room(0);
    for (std::uint32_t t = 0; t < on_chip.size(); ++t) {
      if (on_chip[t] && flow_.tensors[t].made <= s && flow_.tensors[t].last_use >= s)
        room += sizes_.tensors[t].room;
    }
    return room;
  }

  BlockingChoice block(std::uint32_t s, const Mask& on_chip, bool all_orders) {
    const Bytes resident = resident_room(s, on_chip);
    if (resident > activations_.capacity) return {};
    const Bytes free = activations_.capacity == kUnlimited ? kUnlimited : activations_.capacity - resident;
    return choose_blocking(*sizes_.layers[s].shape, all_samples(s, on_chip), free, activations_, weights_,
                           all_orders);
  }

  LayerPlan layer_plan(std::uint32_t s, const Mask& on_chip) {
    BlockingChoice choice = block(s, on_chip, true);
    HEDDLE_CHECK(choice.best, "the chosen plan does not fit");
    return {*choice.best, std::move(choice.by_order), all_samples(s, on_chip), resident_room(s, on_chip)};
  }

  [[noreturn]] void refuse(std::uint32_t s) const {
    const Mask none(flow_.tensors.size(), false);
    const BlockingChoice free =
        choose_blocking(*sizes_.layers[s].shape, all_samples(s, none), kUnlimited, activations_,
                        {kUnlimited, weights_.is_double_buffered}, true);
    throw Error(ErrorKind::config, where_,
                fmt::format("layer {} fits in no blocking: it needs at least {} bytes of activation_memory "
                            "and {} of weight_memory "
                            "(and more of one where the other is as small as that)",
                            in_quotes(network_.layers[flow_.layers[s].index].id),
                            free.least_activation_room.count(), free.least_weight_room.count()));
  }

  const workload::Network& network_;
  const Dataflow& flow_;
  std::span<const NetworkSizes> samples_;
  const NetworkSizes& sizes_;  // of the first sample; rooms are those of all
  const OnChipMemory& activations_;
  const OnChipMemory& weights_;
  std::string where_;
  Mask considered_;
};

}  // namespace

LayerSizes layer_sizes(const Dataflow& flow, const NetworkSizes& sizes, std::uint32_t layer,
                       const std::vector<bool>& on_chip) {
  const ArrayLayer& at = flow.layers[layer];
  const LayerStorage& size = sizes.layers[layer];
  const LayerShape& shape = *size.shape;
  LayerSizes out;
  out.weights_room = size.weights.room + size.metadata.room;
  out.pass_weights_room = scaled(out.weights_room, shape.largest_pass_filters(), shape.filters());
  const bool weights_on_chip =
      !at.weights.empty() &&
      std::all_of(at.weights.begin(), at.weights.end(), [&](const Use& use) { return on_chip[use.tensor]; });
  out.weights = weights_on_chip ? Bytes(0) : size.weights.traffic;
  out.metadata = size.metadata.traffic;
  const auto off_chip = [&](const Use& use, TensorSize& sum) {
    if (on_chip[use.tensor]) return;
    const std::uint64_t all = flow.tensors[use.tensor].values;
    sum.room += scaled(sizes.tensors[use.tensor].room, use.values, all);
    sum.traffic += scaled(sizes.tensors[use.tensor].traffic, use.values, all);
  };
  TensorSize input;
  for (const auto& use : at.activations) off_chip(use, input);
  const std::uint64_t parts = shape.line_count() * shape.groups();
  out.line_group = Bytes(ceil_div(input.traffic.count(), parts));
  out.line_group_room = Bytes(ceil_div(input.room.count(), parts));
  TensorSize extra;
  for (const auto& use : at.extras) off_chip(use, extra);
  out.extra = extra.traffic;
  out.extra_room = extra.room;
  for (const auto t : at.makes) {
    // A network's output goes off chip even where it is also read on chip.
    if (on_chip[t] && !flow.tensors[t].is_output) continue;
    out.output += sizes.tensors[t].traffic;
    out.output_room += sizes.tensors[t].room;
  }
  out.partial_sums = out.partial_sums_room =
      Bytes(shape.windows(0, shape.window_sets()) * shape.filters() * kAccumulatorBytes);
  return out;
}

MemoryPlan plan_memory(const workload::Network& network, const Dataflow& flow,
                       std::span<const NetworkSizes> samples, const OnChipMemory& activation_memory,
                       const OnChipMemory& weight_memory, const std::string& where) {
  return Planner(network, flow, samples, activation_memory, weight_memory, where).run();
}

}  // namespace heddle::memory
