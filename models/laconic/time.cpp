// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/time.h"

#include <algorithm>
#include <map>
#include <utility>

#include "models/laconic/kernel/lane_products.h"
#include "models/laconic/kernel/queue_array.h"
#include "sim/base/parallel.h"
#include "sim/kernel/round_robin.h"
#include "sim/pricing/budget.h"
#include "sim/pricing/rounds.h"

namespace heddle::models::laconic {
namespace {

// What barrier timing needs of a pass: per dispatch group the maxima of the weights, per step the present
// lanes.
struct PassWeights {
  std::vector<pricing::DispatchGroup> groups;
  std::vector<std::vector<std::uint8_t>> maxima;  // [group][step * 16 + lane]
  std::vector<std::uint32_t> row_lanes;           // [step], all rows
};

PassWeights pass_weights(const arch::LayerInput& input, const PreparedTerms& prepared, std::uint32_t pass) {
  const arch::Pass& sets = input.mapping.passes[pass];
  PassWeights out;
  out.groups = pricing::dispatch_groups_of(sets, input.lowered.is_parallel_groups);
  out.row_lanes.assign(input.mapping.steps, 0);
  for (const auto& tiles : out.groups) {
    out.maxima.push_back(weight_maxima(input, prepared, sets, tiles));
    for (std::uint32_t s = 0; s < input.mapping.steps; ++s)
      out.row_lanes[s] += present_row_lanes(input.lowered, tiles, s);
  }
  return out;
}

std::vector<PassWeights> weights_of(const arch::LayerInput& input, const PreparedTerms& prepared,
                                    const arch::Block& block) {
  std::vector<PassWeights> out(block.passes.size());
  parallel_for(out.size(), [&](std::size_t p) { out[p] = pass_weights(input, prepared, block.passes[p]); });
  return out;
}

// The steps of a pass on one window set; dispatch groups that share the array wait for one another.
class PassSteps {
 public:
  PassSteps(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::WindowSet& set)
      : input_(input),
        prepared_(prepared),
        set_(set),
        steps_(input.mapping.steps),
        group_steps_(input.mapping.steps) {}

  const std::vector<std::uint16_t>& of(const PassWeights& pass) {
    for (std::size_t i = 0; i < pass.groups.size(); ++i) {
      auto& out = i == 0 ? steps_ : group_steps_;
      barrier_steps(pass.maxima[i], activations(pass.groups[i].group), out);
      for (std::size_t s = 0; i > 0 && s < steps_.size(); ++s)
        steps_[s] = std::max(steps_[s], group_steps_[s]);
    }
    return steps_;
  }

 private:
  const std::vector<std::uint8_t>& activations(std::uint32_t group) {
    auto& maxima = by_group_[group];
    if (maxima.empty()) maxima = activation_maxima(input_, prepared_, group, set_);
    return maxima;
  }

  const arch::LayerInput& input_;
  const PreparedTerms& prepared_;
  const arch::WindowSet& set_;
  std::map<std::uint32_t, std::vector<std::uint8_t>> by_group_;
  std::vector<std::uint16_t> steps_;
  std::vector<std::uint16_t> group_steps_;
};

// The queues of one tile, with scratch space for the operands of a step.
class TileQueues {
 public:
  TileQueues(const arch::LayerInput& input, const PreparedTerms& prepared, std::uint32_t tile,
             std::uint32_t depth)
      : input_(input),
        prepared_(prepared),
        rows_(input.mapping.composed().rows),
        columns_(input.mapping.composed().columns),
        tile_(tile),
        queues_(rows_, columns_, depth),
        weights_(rows_ * kLanes),
        activations_(columns_ * kLanes),
        present_(rows_ * columns_),
        pairs_(rows_ * columns_) {}

  void run(const arch::Pass& pass, const arch::WindowSet& windows) {
    if (tile_ >= pass.size()) return;
    const arch::FilterSet& set = pass[tile_];
    most_rows_ = std::max<std::size_t>(most_rows_, set.filters);
    most_columns_ = std::max<std::size_t>(most_columns_, windows.count);
    const pricing::DispatchGroup alone{set.group, tile_, 1, set.filters};
    for (std::uint32_t s = 0; s < input_.mapping.steps; ++s) {
      gather(set, windows, s);
      const std::span<std::uint16_t> present(present_.data(), std::size_t{set.filters} * windows.count);
      pair_steps({weights_.data(), set.filters * kLanes}, {activations_.data(), windows.count * kLanes},
                 present);
      std::uint64_t sum = 0;
      for (const auto n : present) sum += n;
      element_cycles_ += sum;
      // Rows of a set have equally many lanes.
      present_lane_cycles_ += sum * (present_row_lanes(input_.lowered, alone, s) / set.filters);
      spread(set.filters, windows.count);
      queues_.step(pairs_);
    }
  }

  [[nodiscard]] std::uint64_t finish_cycles() const { return queues_.finish_cycles(); }
  // What is kept of a tile after its block has run, because the queues themselves may be large.
  struct Summary {
    std::vector<std::uint64_t> ends;  // [round]: when its last step ends
    std::uint64_t elements = 0;       // that have work at some time in the block
    std::uint64_t element_cycles = 0;
    std::uint64_t present_lane_cycles = 0;
    // Lane-cycles of present lanes when the block ends at `finish`. While an element has no work or waits,
    // all its lanes wait.
    [[nodiscard]] std::uint64_t lane_cycles(std::uint64_t finish) const {
      return present_lane_cycles + (elements * finish - element_cycles) * kLanes;
    }
  };
  [[nodiscard]] Summary summary(std::vector<std::uint64_t> ends) const {
    return {std::move(ends), most_rows_ * most_columns_, element_cycles_, present_lane_cycles_};
  }

 private:
  void gather(const arch::FilterSet& set, const arch::WindowSet& windows, std::uint32_t step) {
    for (std::uint32_t i = 0; i < set.filters; ++i) {
      const std::size_t at = (std::size_t{set.first_filter} + i) * input_.mapping.steps + step;
      std::copy_n(prepared_.weights.data() + at * kLanes, kLanes, weights_.data() + i * kLanes);
    }
    for (std::uint32_t j = 0; j < windows.count; ++j) {
      const auto brick =
          workload::brick_index(*input_.activations, input_.lowered, set.group, windows.first + j, step);
      std::copy_n(prepared_.activation(brick), kLanes, activations_.data() + j * kLanes);
    }
  }
  // Absent rows and columns take no time: their pair count is 0.
  void spread(std::size_t filters, std::size_t windows) {
    std::fill(pairs_.begin(), pairs_.end(), 0);
    for (std::size_t i = 0; i < filters; ++i) {
      std::copy_n(present_.begin() + static_cast<std::ptrdiff_t>(i * windows), windows,
                  pairs_.begin() + static_cast<std::ptrdiff_t>(i * columns_));
    }
  }

  const arch::LayerInput& input_;
  const PreparedTerms& prepared_;
  std::size_t rows_;
  std::size_t columns_;
  std::uint32_t tile_;
  QueueArray queues_;
  std::vector<std::uint8_t> weights_;
  std::vector<std::uint8_t> activations_;
  std::vector<std::uint16_t> present_;
  std::vector<std::uint16_t> pairs_;
  std::size_t most_rows_ = 0;
  std::size_t most_columns_ = 0;
  std::uint64_t element_cycles_ = 0;
  std::uint64_t present_lane_cycles_ = 0;
};

}  // namespace

Time barrier_time(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block) {
  const auto weights = weights_of(input, prepared, block);
  struct SetTime {
    std::vector<std::uint64_t> passes;
    std::uint64_t present_lane_cycles = 0;
  };
  std::vector<SetTime> by_set(block.window_sets.size());
  parallel_for(by_set.size(), [&](std::size_t w) {
    const arch::WindowSet& set = input.mapping.window_sets[block.window_sets[w]];
    PassSteps pass_steps(input, prepared, set);
    for (const PassWeights& pass : weights) {
      const auto& steps = pass_steps.of(pass);
      std::uint64_t cycles = 0;
      std::uint64_t row_lane_cycles = 0;
      for (std::size_t s = 0; s < steps.size(); ++s) {
        cycles += steps[s];
        row_lane_cycles += std::uint64_t{steps[s]} * pass.row_lanes[s];
      }
      by_set[w].passes.push_back(cycles);
      by_set[w].present_lane_cycles += row_lane_cycles * set.count;
    }
  });
  Time out;
  for (std::size_t p = 0; p < block.passes.size(); ++p) {
    std::uint64_t cycles = 0;
    for (const SetTime& set : by_set) cycles += set.passes[p];
    out.passes.emplace_back(cycles);
    out.cycles += cycles;
  }
  for (const SetTime& set : by_set) out.present_lane_cycles += set.present_lane_cycles;
  return out;
}

Time queue_time(const arch::LayerInput& input, const PreparedTerms& prepared, const arch::Block& block,
                std::uint32_t depth) {
  const pricing::Rounds rounds(input, block);
  // No element waits where the queues hold all bricks of the block.
  if (depth >= std::uint64_t{rounds.size()} * input.mapping.steps) depth = QueueArray::kUnlimited;
  std::vector<TileQueues::Summary> tiles(input.mapping.array.tiles);
  parallel_for(tiles.size(), [&](std::size_t t) {
    TileQueues queues(input, prepared, static_cast<std::uint32_t>(t), depth);
    std::vector<std::uint64_t> ends;
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      const pricing::Round at = rounds[i];
      queues.run(input.mapping.passes[at.pass], input.mapping.window_sets[at.window_set]);
      ends.push_back(queues.finish_cycles());
    }
    tiles[t] = queues.summary(std::move(ends));
  });
  Time out;
  std::map<std::uint32_t, std::uint64_t> cycles;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    std::uint64_t end = 0;
    for (const auto& tile : tiles) end = std::max(end, tile.ends[i]);
    cycles[rounds[i].pass] += end - out.cycles;
    out.cycles = end;
  }
  for (const auto p : block.passes) out.passes.emplace_back(cycles[p]);
  for (const auto& tile : tiles) out.present_lane_cycles += tile.lane_cycles(out.cycles);
  return out;
}

Time round_robin_time(const arch::LayerInput& input, const PreparedTerms& prepared,
                      const arch::Block& block) {
  kernel::RoundRobin columns(input.mapping.composed().columns);
  Time out;
  for (const auto w : block.window_sets) {
    PassSteps pass_steps(input, prepared, input.mapping.window_sets[w]);
    for (const auto p : block.passes) {
      const PassWeights pass = pass_weights(input, prepared, p);
      const auto& steps = pass_steps.of(pass);
      for (std::size_t s = 0; s < steps.size(); ++s) {
        columns.issue(steps[s]);
        out.column_cycles += steps[s];
        out.present_lane_cycles += std::uint64_t{steps[s]} * pass.row_lanes[s];
      }
    }
  }
  out.cycles = columns.finish_cycles();
  out.passes = pricing::split_evenly(Cycles(out.cycles), block.passes.size());
  return out;
}

}  // namespace heddle::models::laconic
