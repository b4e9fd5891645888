// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/column_steps.h"

#include <map>

#include "sim/base/error.h"
#include "sim/kernel/round_robin.h"
#include "sim/kernel/run_ahead.h"
#include "sim/pricing/budget.h"
#include "sim/pricing/dispatch_groups.h"
#include "sim/pricing/rounds.h"

namespace heddle::pricing {
namespace {

struct Totals {
  std::uint64_t cycles = 0;
  std::uint64_t effective = 0;      // lane-cycles
  std::uint64_t folding_zeros = 0;  // lane-cycles
  std::uint64_t waiting = 0;        // lane-cycles
  UnitTally tally;
};

// One convolution block in the loop order: units of all dispatch groups side by side, drifting as registers
// allow.
class ConvolutionRun {
 public:
  ConvolutionRun(const arch::LayerInput& input, const ColumnSteps& steps, std::size_t groups,
                 std::uint32_t registers)
      : input_(input),
        steps_(steps),
        cycles_(groups * steps.units()),
        weights_(cycles_.size()),
        run_(cycles_.size(), registers) {}

  void round(std::span<const DispatchGroup> groups, std::uint32_t window_set) {
    for (std::uint32_t step = 0; step < input_.mapping.steps; ++step) {
      std::fill(cycles_.begin(), cycles_.end(), 0U);
      for (std::size_t s = 0; s < groups.size(); ++s) load(groups[s], s * steps_.units(), window_set, step);
      run_.step(cycles_, weights_);
    }
  }

  void drain() { run_.drain(); }

  [[nodiscard]] Totals totals() const {
    return {run_.finish_cycles(), effective_, folding_zeros_, run_.weighted_waiting(), tally_};
  }

 private:
  void load(const DispatchGroup& tiles, std::size_t first_unit, std::uint32_t set, std::uint32_t step) {
    const auto unit_cycles = steps_.step(tiles.group, set, step);
    const workload::ChannelGroup& group = input_.lowered.groups[tiles.group];
    const std::uint64_t lanes = std::uint64_t{tiles.filters} * input_.lowered.slots_in(group, step);
    const std::uint64_t products = std::uint64_t{tiles.filters} * input_.lowered.weights_in(group, step);
    const std::uint32_t windows = input_.mapping.window_sets[set].count;
    for (std::uint32_t u = 0; u < unit_cycles.size() && unit_cycles[u] != 0; ++u) {
      const std::uint32_t cycles = unit_cycles[u];
      const std::uint64_t columns =
          std::min(steps_.columns_per_unit(), windows - u * steps_.columns_per_unit());
      cycles_[first_unit + u] = cycles;
      weights_[first_unit + u] = lanes * columns;
      effective_ += products * columns * cycles;
      folding_zeros_ += (lanes - products) * columns * cycles;
      tally_.cycles += cycles;
      ++tally_.steps;
    }
  }

  const arch::LayerInput& input_;
  const ColumnSteps& steps_;
  std::vector<std::uint32_t> cycles_;
  std::vector<std::uint64_t> weights_;
  kernel::RunAhead run_;
  std::uint64_t effective_ = 0;
  std::uint64_t folding_zeros_ = 0;
  UnitTally tally_;
};

Totals price_convolution(const arch::LayerInput& input, const arch::Block& block, const ColumnSteps& steps,
                         std::uint32_t registers, std::vector<Cycles>& passes) {
  std::map<std::uint32_t, std::vector<DispatchGroup>> groups;
  std::map<std::uint32_t, std::uint64_t> cycles;
  std::size_t most_groups = 1;
  for (const auto p : block.passes) {
    groups[p] = dispatch_groups_of(input.mapping.passes[p], input.lowered.is_parallel_groups);
    most_groups = std::max(most_groups, groups[p].size());
  }
  ConvolutionRun run(input, steps, most_groups, registers);
  const Rounds rounds(input, block);
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    const Round at = rounds[i];
    const std::uint64_t before = run.totals().cycles;
    run.round(groups[at.pass], at.window_set);
    cycles[at.pass] += run.totals().cycles - before;
  }
  for (const auto p : block.passes) passes.emplace_back(cycles[p]);
  run.drain();
  return run.totals();
}

// A barrier leaves nothing of a pass behind: passes of the same groups and filters cost the same.
Totals price_barrier(const arch::LayerInput& input, const arch::Block& block, const ColumnSteps& steps,
                     std::vector<Cycles>& passes) {
  Totals sum;
  Totals one;
  std::vector<DispatchGroup> last;
  for (const auto p : block.passes) {
    const auto groups = dispatch_groups_of(input.mapping.passes[p], input.lowered.is_parallel_groups);
    if (groups != last) {
      ConvolutionRun run(input, steps, groups.size(), 0);
      for (const auto set : block.window_sets) run.round(groups, set);
      one = run.totals();
      last = groups;
    }
    passes.emplace_back(one.cycles);
    sum.cycles += one.cycles;
    sum.effective += one.effective;
    sum.folding_zeros += one.folding_zeros;
    sum.waiting += one.waiting;
    sum.tally.steps += one.tally.steps;
    sum.tally.cycles += one.tally.cycles;
  }
  return sum;
}

Totals price_bricks(const arch::LayerInput& input, const arch::Block& block, const ColumnSteps& steps) {
  Totals out;
  kernel::RoundRobin issue(input.mapping.composed().columns);
  for (const auto p : block.passes) {
    const auto groups = dispatch_groups_of(input.mapping.passes[p], input.lowered.is_parallel_groups);
    HEDDLE_CHECK(groups.size() == 1, "fully connected groups run one after another");
    for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
      const std::uint64_t cycles = steps.step(groups[0].group, 0, step)[0];
      issue.issue(cycles);
      out.effective +=
          cycles * groups[0].filters * input.lowered.weights_in(input.lowered.groups[groups[0].group], step);
      out.tally.cycles += cycles;
      ++out.tally.steps;
    }
  }
  out.cycles = issue.finish_cycles();
  return out;
}

}  // namespace

WindowBricks::WindowBricks(const arch::LayerInput& input) : input_(input) {
  HEDDLE_CHECK(input.activations != nullptr, "steps that follow activations need them");
  for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
    const auto at = input.lowered.step_at(step);
    offsets_.push_back(input.activations->index(0, at.ky * input.lowered.dilation_y,
                                                at.kx * input.lowered.dilation_x, at.brick));
  }
}

std::vector<std::size_t> WindowBricks::bases(std::uint32_t group, const arch::WindowSet& set) const {
  std::vector<std::size_t> out;
  for (std::uint64_t w = set.first; w < set.first + set.count; ++w) {
    out.push_back(workload::brick_index(*input_.activations, input_.lowered, group, w, 0));
  }
  return out;
}

ColumnSteps::ColumnSteps(const arch::LayerInput& input, std::uint32_t columns_per_unit)
    : groups_(input.lowered.groups.size()),
      sets_(input.mapping.window_sets.size()),
      steps_(input.mapping.steps),
      columns_per_unit_(columns_per_unit),
      units_(static_cast<std::uint32_t>(ceil_div(input.mapping.composed().columns, columns_per_unit))),
      cycles_(groups_ * sets_ * steps_ * units_) {}

std::vector<std::uint64_t> window_set_sums(const arch::LayerInput& input,
                                           std::span<const std::uint16_t> per_brick) {
  const WindowBricks windows(input);
  const std::size_t sets = input.mapping.window_sets.size();
  std::vector<std::uint64_t> sums(input.lowered.groups.size() * sets);
  parallel_for(sums.size(), [&](std::size_t run) {
    const auto bases =
        windows.bases(static_cast<std::uint32_t>(run / sets), input.mapping.window_sets[run % sets]);
    std::uint64_t sum = 0;
    for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
      for (const auto base : bases) sum += per_brick[base + windows.offset(step)];
    }
    sums[run] = sum;
  });
  return sums;
}

arch::Cost price_columns(const arch::LayerInput& input, const arch::Block& block, const ColumnSteps& steps,
                         std::uint32_t registers, unsigned container_bits, UnitTally& tally) {
  arch::Cost cost;
  Totals totals;
  LaneCycles fill;
  const arch::ArrayShape composed = input.mapping.composed();
  const std::uint64_t elements = input.mapping.composition.elements();
  if (input.lowered.is_fully_connected) {
    totals = price_bricks(input, block, steps);
    cost.passes = split_evenly(Cycles(totals.cycles), block.passes.size());
    // Columns that wait for their turn.
    fill = LaneCycles((totals.cycles * composed.columns - totals.tally.cycles) * composed.tiles *
                      composed.rows * arch::kLanes * elements);
  } else if (registers == 0) {
    totals = price_barrier(input, block, steps, cost.passes);
  } else {
    totals = price_convolution(input, block, steps, registers, cost.passes);
  }
  cost.compute = Cycles(totals.cycles);
  cost.lanes = complete(input.mapping.array, cost.compute,
                        {.effective = LaneCycles(totals.effective * elements),
                         .folding_zeros = LaneCycles(totals.folding_zeros * elements),
                         .synchronisation = LaneCycles(totals.waiting * elements),
                         .edge = {},
                         .fill = fill});
  cost.activation_read = activation_bits(input, block, container_bits);
  cost.weight_read = weight_bits(input, block, container_bits);
  tally = totals.tally;
  return cost;
}

}  // namespace heddle::pricing
