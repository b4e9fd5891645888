// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/residency.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/parallel.h"
#include "sim/memory/resident_sets.h"

namespace heddle::memory {
namespace {

// A set of tensors, one bit each.
using Mask = std::vector<bool>;

class Planner {
 public:
  Planner(const workload::Network& network, const Dataflow& flow, std::span<const NetworkSizes> samples,
          const Surroundings& surroundings, const std::string& where)
      : network_(network),
        flow_(flow),
        samples_(samples),
        sizes_(samples.front()),
        surroundings_(surroundings),
        where_(where),
        may_stay_(tensors_that_may_stay(flow)),
        fewest_(flow.layers.size()) {
    for (std::uint32_t t = 0; t < may_stay_.size(); ++t) {
      if (may_stay_[t])
        candidates_.push_back({t, flow.tensors[t].made, flow.tensors[t].last_use, sizes_.tensors[t].room,
                               sizes_.tensors[t].moved});
    }
    set_weights_stay();
  }

  MemoryPlan run() {
    MemoryPlan plan;
    plan.considered = may_stay_;
    plan.weights_stay = weights_stay_;
    plan.on_chip = best_set();
    plan.layers.resize(flow_.layers.size());
    parallel_for(flow_.layers.size(), [&](std::size_t l) {
      plan.layers[l] = layer_plan(static_cast<std::uint32_t>(l), plan.on_chip);
    });
    for (const auto& layer : plan.layers) plan.bytes += layer.blocking.bytes.total();
    return plan;
  }

 private:
  struct Path {
    Bytes bytes;
    Mask chosen;  // every tensor kept so far
  };
  // The best path to each set of tensors that are on chip now.
  using States = std::map<Mask, Path>;

  // Weights stay where the memory has room for those of all layers.
  void set_weights_stay() {
    const OnChipMemory& memory = surroundings_.weight_memory;
    if (!surroundings_.has_more_samples || !memory.is_double_buffered) return;
    Bytes all(0);
    for (std::size_t l = 0; l < flow_.layers.size(); ++l) {
      if (flow_.layers[l].has_run_time_weights()) return;
      all += sizes_.layers[l].weights.room + sizes_.layers[l].metadata.room;
    }
    weights_stay_ = all <= memory.capacity;
  }

  Mask best_set() {
    Mask all = may_stay_;
    const auto bytes_of_all = bytes_of(all);
    if (bytes_of_all && *bytes_of_all == least_bytes(all)) return all;
    const Mask exact = weighed_exactly(flow_.tensors.size(), flow_.layers.size(), candidates_, kMostLive);
    Path best = best_path(exact);
    if (exact == may_stay_) return best.chosen;
    if (bytes_of_all && *bytes_of_all < best.bytes) best = {*bytes_of_all, all};
    for (const Mask& set : resident_sets(flow_.tensors.size(), flow_.layers.size(), candidates_)) {
      const auto bytes = bytes_of(set);
      if (bytes && *bytes < best.bytes) best = {*bytes, set};
    }
    return best.chosen;
  }

  Path best_path(const Mask& weighed) {
    States states{{Mask(flow_.tensors.size(), false), {Bytes(0), Mask(flow_.tensors.size(), false)}}};
    for (std::uint32_t l = 0; l < flow_.layers.size(); ++l) states = advance(l, states, weighed);
    HEDDLE_CHECK(!states.empty(), "a plan without an end");
    const auto moves_less = [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; };
    return std::min_element(states.begin(), states.end(), moves_less)->second;
  }

  States advance(std::uint32_t l, const States& states, const Mask& weighed) {
    std::vector<std::uint32_t> fresh;
    for (const auto& c : candidates_) {
      if (c.made == l && weighed[c.tensor]) fresh.push_back(c.tensor);
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
              std::uint32_t dropped, States& out) {
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if ((dropped >> i & 1U) == 0) live[fresh[i]] = path.chosen[fresh[i]] = true;
    }
    const std::optional<Bytes> bytes = layer_bytes(l, live);
    if (!bytes) return;
    path.bytes += *bytes;
    for (const auto& c : candidates_) {
      if (c.last_use <= l) live[c.tensor] = false;
    }
    const auto [at, is_new] = out.try_emplace(std::move(live), path);
    if (!is_new && path.bytes < at->second.bytes) at->second = std::move(path);
  }

  [[nodiscard]] std::optional<Bytes> bytes_of(const Mask& set) {
    Bytes sum(0);
    for (std::uint32_t l = 0; l < flow_.layers.size(); ++l) {
      if (resident_room(l, set) > surroundings_.activation_memory.capacity) return std::nullopt;
    }
    for (std::uint32_t l = 0; l < flow_.layers.size(); ++l) {
      const auto bytes = layer_bytes(l, set);
      if (!bytes) return std::nullopt;
      sum += *bytes;
    }
    return sum;
  }
  [[nodiscard]] Bytes least_bytes(const Mask& set) const {
    Bytes sum(0);
    for (std::uint32_t l = 0; l < flow_.layers.size(); ++l)
      sum += compulsory_bytes(*sizes_.layers[l].shape, all_samples(l, set)).total();
    return sum;
  }

  // The fewest bytes of a layer beside these resident tensors.
  std::optional<Bytes> layer_bytes(std::uint32_t l, const Mask& on_chip) {
    const Bytes resident = resident_room(l, on_chip);
    if (resident > surroundings_.activation_memory.capacity) return std::nullopt;
    const LayerSizes s = all_samples(l, on_chip);
    const Room room = room_beside(resident);
    const Key key{room.activations, s.weights, s.line_group, s.kept_line_group, s.extra, s.output};
    const auto found = fewest_[l].find(key);
    if (found != fewest_[l].end()) return found->second;
    const auto bytes = fewest_bytes(*sizes_.layers[l].shape, s, room);
    return fewest_[l][key] = bytes ? std::optional(bytes->total()) : std::nullopt;
  }

  // Bytes are those that move in all samples together; the room is that of one sample.
  [[nodiscard]] LayerSizes all_samples(std::uint32_t l, const Mask& on_chip) const {
    LayerSizes sum = layer_sizes(flow_, samples_[0], l, on_chip);
    for (const auto& sample : samples_.subspan(1)) {
      const LayerSizes one = layer_sizes(flow_, sample, l, on_chip);
      for (auto member : {&LayerSizes::line_group, &LayerSizes::kept_line_group, &LayerSizes::extra,
                          &LayerSizes::output, &LayerSizes::partial_sums}) {
        sum.*member += one.*member;
      }
      if (weights_stay_) continue;
      sum.weights += one.weights;
      sum.metadata += one.metadata;
    }
    return sum;
  }

  [[nodiscard]] Bytes resident_room(std::uint32_t l, const Mask& on_chip) const {
    Bytes room(0);
    for (const auto& c : candidates_) {
      if (on_chip[c.tensor] && c.made <= l && c.last_use >= l) room += c.room;
    }
    return room;
  }

  [[nodiscard]] Room room_beside(Bytes resident) const {
    const Bytes all = surroundings_.activation_memory.capacity;
    return {all == kUnlimited ? all : all - resident, surroundings_.activation_memory,
            surroundings_.weight_memory};
  }

  [[nodiscard]] LayerPlan layer_plan(std::uint32_t l, const Mask& on_chip) const {
    const Bytes resident = resident_room(l, on_chip);
    const LayerSizes sizes = all_samples(l, on_chip);
    const Pace pace = surroundings_.pace.empty() ? Pace{} : surroundings_.pace[l];
    BlockingChoice choice = choose_blocking(*sizes_.layers[l].shape, sizes, room_beside(resident), pace);
    HEDDLE_CHECK(choice.best, "the chosen plan does not fit");
    return {*choice.best, std::move(choice.by_order), compulsory_bytes(*sizes_.layers[l].shape, sizes),
            resident};
  }

  [[noreturn]] void refuse(std::uint32_t l) const {
    const Mask none(flow_.tensors.size(), false);
    const LeastRoom least = least_room(*sizes_.layers[l].shape, all_samples(l, none), room_beside(Bytes(0)));
    throw Error(
        ErrorKind::config, where_,
        fmt::format("layer {} fits in no blocking: it needs at least {} bytes of activation_memory "
                    "and {} bytes of weight_memory; if one memory has no more than that, the other may have "
                    "to be larger",
                    in_quotes(network_.layers[flow_.layers[l].index].id), least.activations.count(),
                    least.weights.count()));
  }

  // What the fewest bytes of a layer depend on: the free room and the tensors that lie off chip.
  using Key = std::tuple<Bytes, Bytes, Bytes, Bytes, Bytes, Bytes>;

  const workload::Network& network_;
  const Dataflow& flow_;
  std::span<const NetworkSizes> samples_;
  const NetworkSizes& sizes_;  // of the first sample; every sample takes the same room
  const Surroundings& surroundings_;
  std::string where_;
  Mask may_stay_;
  std::vector<ResidentCandidate> candidates_;
  bool weights_stay_ = false;
  std::vector<std::map<Key, std::optional<Bytes>>> fewest_;  // by layer
};

void set_weights(const ArrayLayer& layer, const WeightSizes& sizes, const std::vector<bool>& on_chip,
                 LayerSizes& out) {
  out.weights_room = sizes.weights.room + sizes.metadata.room;
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
  Bytes kept(0);
  for (const auto& use : at.activations) {
    if (on_chip[use.tensor] && is_brought_by(flow, use.tensor, layer))
      kept += sizes.tensors[use.tensor].moved;
  }
  out.kept_line_group = Bytes(ceil_div(kept.count(), line_groups));
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
                       std::span<const NetworkSizes> samples, const Surroundings& surroundings,
                       const std::string& where) {
  return Planner(network, flow, samples, surroundings, where).run();
}

}  // namespace heddle::memory
