// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/tactical.h"

#include <algorithm>

#include "models/tactical/column_cycles.h"
#include "models/tactical/prepared.h"
#include "sim/base/parallel.h"
#include "sim/base/quantity.h"
#include "sim/kernel/round_robin.h"
#include "sim/kernel/run_ahead.h"
#include "sim/pricing/budget.h"

namespace heddle::models::tactical {
namespace {

using arch::kLanes;

enum Event : std::size_t { dense_columns, packed_columns, weights_multiplied, activation_terms };

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Tactical>(Params::from(values));
}

// The sums of a part of a block.
struct Tally {
  std::uint64_t cycles = 0;
  std::uint64_t effective = 0;
  std::uint64_t folding_zeros = 0;
  std::uint64_t synchronisation = 0;
  std::uint64_t fill = 0;
  std::uint64_t terms = 0;

  Tally& operator+=(const Tally& other) {
    cycles += other.cycles;
    effective += other.effective;
    folding_zeros += other.folding_zeros;
    synchronisation += other.synchronisation;
    fill += other.fill;
    terms += other.terms;
    return *this;
  }
};

// Cycles of the packed columns of one filter set, [column][window].
using Counts = std::vector<std::uint8_t>;

struct Busy {
  std::uint64_t column_cycles = 0;  // of all windows
  // Of the slots that hold a weight of the layer, or a zero by which folding extends the kernel.
  std::uint64_t effective = 0;
  std::uint64_t folding_zeros = 0;
};

Busy busy_of(const PackedSet& set, const Counts& counts, std::size_t windows) {
  Busy out;
  for (std::size_t e = 0; e < set.columns(); ++e) {
    std::uint64_t cycles = 0;
    for (std::size_t w = 0; w < windows; ++w) cycles += counts[e * windows + w];
    const bool emitted = e < set.schedule.size();
    const Occupancy slots = emitted ? set.schedule.occupancy(e) : Occupancy{};
    const std::uint64_t all = emitted ? slots.weights + slots.zeros : set.present_slots;
    const std::uint64_t folding = emitted ? slots.folding_zeros : set.folding_slots;
    out.column_cycles += cycles;
    out.effective += cycles * (all - folding);
    out.folding_zeros += cycles * folding;
  }
  return out;
}

// A window set of one pass. Tiles that are independent drift inside it, each behind its own columns'
// run-ahead; in lockstep the columns of all tiles wait for each other.
class WindowSetRun {
 public:
  WindowSetRun(const Tactical& model, const arch::LayerInput& input, const PreparedTactical& prepared)
      : model_(model), counter_(model, input, prepared) {}

  Tally run(const std::vector<PackedSet>& pass, const arch::WindowSet& windows) {
    Tally out;
    const std::uint64_t terms_before = counter_.terms();
    counts_.resize(pass.size());
    for (std::size_t t = 0; t < pass.size(); ++t) counter_.count(pass[t], windows, counts_[t]);
    if (model_.params().tile_sync == TileSync::lockstep) {
      out.cycles = finish(pass, 0, pass.size(), windows.count);
    } else {
      for (std::size_t t = 0; t < pass.size(); ++t)
        out.cycles = std::max(out.cycles, finish(pass, t, t + 1, windows.count));
    }
    for (std::size_t t = 0; t < pass.size(); ++t) {
      const Busy busy = busy_of(pass[t], counts_[t], windows.count);
      out.effective += busy.effective;
      out.folding_zeros += busy.folding_zeros;
      out.synchronisation += (out.cycles * windows.count - busy.column_cycles) * pass[t].filters * kLanes;
    }
    out.terms = counter_.terms() - terms_before;
    return out;
  }

 private:
  // When tiles [first, last), which walk their columns together, have ended.
  std::uint64_t finish(const std::vector<PackedSet>& pass, std::size_t first, std::size_t last,
                       std::size_t windows) {
    std::size_t columns = 0;
    for (std::size_t t = first; t < last; ++t) columns = std::max(columns, pass[t].columns());
    if (model_.params().back_end == BackEnd::parallel) return columns;
    kernel::RunAhead run_ahead((last - first) * windows, model_.params().registers);
    step_.resize((last - first) * windows);
    for (std::size_t e = 0; e < columns; ++e) {
      for (std::size_t t = first; t < last; ++t) {
        const bool exists = e < pass[t].columns();
        for (std::size_t w = 0; w < windows; ++w)
          step_[(t - first) * windows + w] = exists ? counts_[t][e * windows + w] : 0;
      }
      run_ahead.step(step_);
    }
    return run_ahead.finish_cycles();
  }

  const Tactical& model_;
  ColumnCycles counter_;
  std::vector<Counts> counts_;  // [tile]
  std::vector<std::uint32_t> step_;
};

// Tallies of the block's passes, in order.
std::vector<Tally> run_convolution(const Tactical& model, const arch::LayerInput& input,
                                   const PreparedTactical& prepared, const arch::Block& block) {
  constexpr std::size_t kSetsPerPart = 4;  // enough work for a task
  const std::size_t parts = ceil_div(block.window_sets.size(), kSetsPerPart);
  std::vector<Tally> partial(block.passes.size() * parts);
  parallel_for(partial.size(), [&](std::size_t i) {
    WindowSetRun run(model, input, prepared);
    const auto& pass = prepared.sets()[block.passes[i / parts]];
    const std::size_t first = i % parts * kSetsPerPart;
    const std::size_t last = std::min(first + kSetsPerPart, block.window_sets.size());
    for (std::size_t s = first; s < last; ++s)
      partial[i] += run.run(pass, input.mapping.window_sets[block.window_sets[s]]);
  });
  std::vector<Tally> out(block.passes.size());
  for (std::size_t i = 0; i < partial.size(); ++i) out[i / parts] += partial[i];
  return out;
}

// A fully connected layer: packed columns go to the tile's columns in turn. A tile continues from pass to
// pass without a gap; in lockstep all tiles issue together, and the widest of them counts.
class FullyConnectedRun {
 public:
  FullyConnectedRun(const Tactical& model, const arch::LayerInput& input, const PreparedTactical& prepared,
                    const arch::Block& block)
      : model_(model),
        prepared_(prepared),
        block_(block),
        tiles_(input.mapping.array.tiles),
        columns_(input.mapping.composed().columns),
        rows_(input.mapping.composed().rows) {
    counts_.resize(block.passes.size() * tiles_);
    std::vector<std::uint64_t> terms(counts_.size());
    parallel_for(counts_.size(), [&](std::size_t i) {
      const auto& pass = prepared.sets()[block.passes[i / tiles_]];
      if (i % tiles_ >= pass.size()) return;
      ColumnCycles counter(model, input, prepared);
      counter.count(pass[i % tiles_], input.mapping.window_sets.front(), counts_[i]);
      terms[i] = counter.terms();
    });
    for (const auto t : terms) total_.terms += t;
  }

  Tally run() {
    model_.params().tile_sync == TileSync::lockstep ? lockstep() : independent();
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (!counts_[i].empty()) total_.effective += busy_of(set(i), counts_[i], 1).effective;
    }
    return total_;
  }

 private:
  [[nodiscard]] const PackedSet& set(std::size_t i) const {
    return prepared_.set(block_.passes[i / tiles_], i % tiles_);
  }
  [[nodiscard]] std::uint64_t lanes_of_columns() const { return std::uint64_t{rows_} * kLanes; }

  void independent() {
    std::vector<std::uint64_t> finishes;
    std::uint64_t busy = 0;
    for (std::size_t tile = 0; tile < tiles_; ++tile) {
      kernel::RoundRobin issue(columns_);
      for (std::size_t i = tile; i < counts_.size(); i += tiles_) {
        issue.issue_all(counts_[i]);
        for (const auto cycles : counts_[i]) busy += cycles;
      }
      if (issue.finish_cycles() > 0) finishes.push_back(issue.finish_cycles());
    }
    total_.cycles = *std::max_element(finishes.begin(), finishes.end());
    std::uint64_t running = 0;
    for (const auto finish : finishes) running += finish;
    total_.synchronisation = (finishes.size() * total_.cycles - running) * columns_ * lanes_of_columns();
    total_.fill = (running * columns_ - busy) * lanes_of_columns();
  }

  void lockstep() {
    kernel::RoundRobin issue(columns_);
    std::uint64_t held = 0;  // tile-cycles from issue to the slowest tile's end
    std::uint64_t busy = 0;
    std::size_t most_tiles = 0;
    for (std::size_t p = 0; p < block_.passes.size(); ++p) {
      const std::span<const Counts> tiles(counts_.data() + p * tiles_,
                                          prepared_.sets()[block_.passes[p]].size());
      most_tiles = std::max(most_tiles, tiles.size());
      std::size_t columns = 0;
      for (const auto& counts : tiles) columns = std::max(columns, counts.size());
      for (std::size_t e = 0; e < columns; ++e) {
        std::uint64_t slowest = 0;
        for (const auto& counts : tiles) {
          const std::uint64_t own = e < counts.size() ? counts[e] : 0;
          slowest = std::max(slowest, own);
          busy += own;
        }
        issue.issue(slowest);
        held += slowest * tiles.size();
      }
    }
    total_.cycles = issue.finish_cycles();
    total_.synchronisation = (held - busy) * lanes_of_columns();
    // Tiles that no pass uses count as edge; the columns of the others wait for their turn.
    total_.fill = (total_.cycles * columns_ * most_tiles - held) * lanes_of_columns();
  }

  const Tactical& model_;
  const PreparedTactical& prepared_;
  const arch::Block& block_;
  std::size_t tiles_;
  std::size_t columns_;
  std::size_t rows_;
  std::vector<Counts> counts_;  // [pass of the block][tile]
  Tally total_;
};

// Counts what does not depend on activations: the packed weights that are read, and the columns walked.
void count_weights(const arch::Block& block, const PreparedTactical& prepared, const arch::LayerInput& input,
                   unsigned bits, arch::Cost& cost) {
  const std::uint64_t rounds = block.window_sets.size();
  const std::uint64_t windows = pricing::presence(input, block).windows;
  for (const auto p : block.passes) {
    for (const PackedSet& set : prepared.sets()[p]) {
      cost.events[dense_columns] += input.mapping.steps * rounds;
      cost.events[packed_columns] += set.columns() * rounds;
      for (std::size_t e = 0; e < set.schedule.size(); ++e) {
        cost.weight_read += Bits(set.schedule.occupancy(e).stored * rounds * bits);
        cost.events[weights_multiplied] += set.schedule.occupancy(e).weights * windows;
      }
    }
  }
}

}  // namespace

std::unique_ptr<arch::Prepared> Tactical::prepare(const arch::LayerInput& input) const {
  return std::make_unique<PreparedTactical>(*this, input);
}

arch::Cost Tactical::price(const arch::LayerInput& input, const arch::Prepared& prepared,
                           const arch::Block& block) const {
  const auto& packed = dynamic_cast<const PreparedTactical&>(prepared);
  arch::Cost cost;
  Tally total;
  if (input.lowered.is_fully_connected) {
    total = FullyConnectedRun(*this, input, packed, block).run();
    cost.passes = pricing::split_evenly(Cycles(total.cycles), block.passes.size());
  } else {
    for (const Tally& pass : run_convolution(*this, input, packed, block)) {
      cost.passes.emplace_back(pass.cycles);
      total += pass;
    }
  }
  cost.compute = Cycles(total.cycles);
  const std::uint64_t elements = input.mapping.composition.elements();
  cost.lanes = pricing::complete(input.mapping.array, cost.compute,
                                 {.effective = LaneCycles(total.effective * elements),
                                  .folding_zeros = LaneCycles(total.folding_zeros * elements),
                                  .synchronisation = LaneCycles(total.synchronisation * elements),
                                  .edge = {},
                                  .fill = LaneCycles(total.fill * elements)});
  cost.events[activation_terms] = total.terms;
  cost.activation_read = pricing::activation_bits(input, block, params_.array.container_bits);
  count_weights(block, packed, input, params_.array.container_bits, cost);
  return cost;
}

Bits Tactical::weight_metadata(const arch::LayerInput& input, const arch::Prepared& prepared) const {
  if (input.layer.has_run_time_weights()) return Bits(0);
  Bits out(0);
  for (const auto& pass : dynamic_cast<const PreparedTactical&>(prepared).sets()) {
    for (const PackedSet& set : pass) {
      out += Bits(set.schedule.size() * params_.pattern.skip_bits_per_column());
      for (std::size_t e = 0; e < set.schedule.size(); ++e) {
        out +=
            Bits(std::uint64_t{set.schedule.occupancy(e).stored} * params_.pattern.select_bits_per_weight());
      }
    }
  }
  return out;
}

}  // namespace heddle::models::tactical

namespace heddle::models {

arch::ModelInfo describe_tactical() {
  return {
      .name = "tactical",
      .summary =
          "weights packed ahead of time into the place of zeros; bit-parallel, serial-width (TCLp) or "
          "term-serial (TCLe) back end",
      .citation =
          "Delmas Lascorz et al., Bit-Tactical: A Software/Hardware Approach to Exploiting Value and Bit "
          "Sparsity in Neural "
          "Networks, ASPLOS 2019; Delmas et al., Bit-Tactical: Exploiting Ineffectual Computations in "
          "Convolutional Neural Networks: Which, Why, and How, arXiv 1803.03688",
      .parameters = tactical::Params::declaration(),
      .events = {{"dense_columns", "columns",
                  "columns that the block's filter sets have before packing, over tiles and window sets"},
                 {"packed_columns", "columns", "columns that were walked; a set that keeps none counts one"},
                 {"weights_multiplied", "products", "non-zero weights times windows"},
                 {"activation_terms", "terms",
                  "terms that columns gave out (terms back end), each counted once per column, however many "
                  "rows use it"}},
      .make = tactical::make};
}

}  // namespace heddle::models
