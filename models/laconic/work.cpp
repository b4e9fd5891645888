// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/work.h"

#include <algorithm>
#include <bit>
#include <span>

namespace heddle::models::laconic {
namespace {

// Term counts of one operand, [...][lane]. A value of one part has no counts of its own over all parts.
struct OperandCounts {
  const std::vector<std::uint8_t>& of_most;
  const AllParts& of_all;
};

// Sums of one operand over its filters or windows, [step][lane].
struct Sums {
  explicit Sums(std::size_t size) : terms(size), non_zero(size) {}
  std::vector<std::uint64_t> terms;     // of all parts
  std::vector<std::uint64_t> non_zero;  // parts that have terms

  void add(std::size_t at, const OperandCounts& counts, std::size_t from) {
    const bool one_part = counts.of_all.terms.empty();
    const std::uint8_t* all = (one_part ? counts.of_most : counts.of_all.terms).data() + from;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      terms[at + lane] += all[lane];
      non_zero[at + lane] += one_part ? (all[lane] != 0 ? 1U : 0U) : counts.of_all.non_zero[from + lane];
    }
  }
};

Sums sum_windows(const arch::LayerInput& input, const PreparedTerms& prepared, std::uint32_t group,
                 const arch::Block& block) {
  const std::uint32_t steps = input.mapping.steps;
  Sums out(steps * kLanes);
  for (const auto index : block.window_sets) {
    const arch::WindowSet& set = input.mapping.window_sets[index];
    for (std::uint64_t w = set.first; w < set.first + set.count; ++w) {
      for (std::uint32_t s = 0; s < steps; ++s) {
        const std::size_t at = workload::brick_index(*input.activations, input.lowered, group, w, s) * kLanes;
        out.add(s * kLanes, {prepared.activations, prepared.all_activations}, at);
      }
    }
  }
  return out;
}

std::span<const arch::FilterSet> sets_of(const arch::Pass& pass, const pricing::DispatchGroup& tiles) {
  return std::span(pass).subspan(tiles.first_tile, tiles.tiles);
}

Sums sum_filters(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Pass& pass,
                 const pricing::DispatchGroup& tiles) {
  const std::uint32_t steps = input.mapping.steps;
  Sums out(steps * kLanes);
  for (const auto& set : sets_of(pass, tiles)) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f) {
      for (std::uint32_t s = 0; s < steps; ++s) {
        const std::size_t at = (std::size_t{f} * steps + s) * kLanes;
        out.add(s * kLanes, {prepared.weights, prepared.all_weights}, at);
      }
    }
  }
  return out;
}

}  // namespace

std::uint32_t present_row_lanes(const workload::LoweredLayer& layer, const pricing::DispatchGroup& tiles,
                                std::uint32_t step) {
  return tiles.filters * layer.slots_in(layer.groups[tiles.group], step);
}

Work count_work(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block,
                std::uint64_t elements) {
  Work out;
  std::uint64_t windows = 0;
  for (const auto w : block.window_sets) windows += input.mapping.window_sets[w].count;
  std::vector<Sums> by_group;  // of the activations, computed at first use
  std::vector<std::int64_t> known(input.lowered.groups.size(), -1);
  for (const auto p : block.passes) {
    const arch::Pass& pass = input.mapping.passes[p];
    for (const auto& tiles : pricing::dispatch_groups_of(pass, input.lowered.is_parallel_groups)) {
      if (known[tiles.group] < 0) {
        known[tiles.group] = static_cast<std::int64_t>(by_group.size());
        by_group.push_back(sum_windows(input, prepared, tiles.group, block));
      }
      const Sums& a = by_group[static_cast<std::size_t>(known[tiles.group])];
      const Sums w = sum_filters(input, prepared, pass, tiles);
      for (std::uint32_t s = 0; s < input.mapping.steps; ++s) {
        // max(1, n) = n + (n == 0): every present lane counts one, and those with a product subtract it
        // again.
        out.busy_lane_cycles += present_row_lanes(input.lowered, tiles, s) * windows * elements;
        const auto extension =
            static_cast<std::uint64_t>(std::popcount(std::uint32_t{input.lowered.extension_lanes(s)}));
        out.folding_lane_cycles += extension * tiles.filters * windows * elements;
        for (std::size_t i = s * kLanes; i < (s + 1) * kLanes; ++i) {
          out.busy_lane_cycles += w.terms[i] * a.terms[i] - w.non_zero[i] * a.non_zero[i];
          out.term_pairs += w.terms[i] * a.terms[i];
        }
      }
      out.element_steps += std::uint64_t{tiles.filters} * windows * input.mapping.steps;
    }
  }
  return out;
}

std::vector<std::uint8_t> weight_maxima(const arch::LayerInput& input, const PreparedTerms& prepared,
                                        const arch::Pass& pass, const pricing::DispatchGroup& tiles) {
  const std::size_t size = std::size_t{input.mapping.steps} * kLanes;
  std::vector<std::uint8_t> out(size, 0);
  for (const auto& set : sets_of(pass, tiles)) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f) {
      const std::uint8_t* counts = prepared.weights.data() + f * size;
      for (std::size_t i = 0; i < size; ++i) out[i] = std::max(out[i], counts[i]);
    }
  }
  return out;
}

std::vector<std::uint8_t> activation_maxima(const arch::LayerInput& input, const PreparedTerms& prepared,
                                            std::uint32_t group, const arch::WindowSet& set) {
  std::vector<std::uint8_t> out(std::size_t{input.mapping.steps} * kLanes, 0);
  for (std::uint32_t s = 0; s < input.mapping.steps; ++s) {
    std::uint8_t* most = out.data() + s * kLanes;
    for (std::uint64_t w = set.first; w < set.first + set.count; ++w) {
      const std::uint8_t* counts =
          prepared.activation(workload::brick_index(*input.activations, input.lowered, group, w, s));
      for (std::size_t lane = 0; lane < kLanes; ++lane) most[lane] = std::max(most[lane], counts[lane]);
    }
  }
  return out;
}

}  // namespace heddle::models::laconic
