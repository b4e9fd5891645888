// SPDX-License-Identifier: Apache-2.0
#include "models/pragmatic/pragmatic.h"

#include <algorithm>
#include <numeric>

#include "sim/base/quantity.h"
#include "sim/kernel/run_ahead.h"
#include "sim/kernel/shifter.h"
#include "sim/pricing/column_steps.h"
#include "sim/pricing/dispatch_groups.h"

namespace heddle::models::pragmatic {
namespace {

using config::Parameter;

enum Event : std::size_t { kBricks, kBrickCycles, kTerms, kTermProducts };

struct PreparedTerms final : arch::Prepared {
  PreparedTerms(pricing::ColumnSteps s, std::vector<std::uint64_t> t)
      : steps(std::move(s)), terms(std::move(t)) {}
  pricing::ColumnSteps steps;
  std::vector<std::uint64_t> terms;  // [group][window set]: of all bricks that its windows read
};

// What a brick costs, independent of the window that reads it.
struct BrickWork {
  std::vector<std::uint8_t> cycles;
  std::vector<std::uint16_t> terms;
};

// Magnitudes wider than a unit are cut into subwords. The units of one value end a step together.
BrickWork brick_work(const workload::ActivationBricks& activations, const Params& params,
                     std::uint32_t subwords) {
  constexpr std::size_t kChunk = 1024;  // bricks per task; its masks stay in the cache
  BrickWork out{std::vector<std::uint8_t>(activations.count()),
                std::vector<std::uint16_t>(activations.count())};
  parallel_for(ceil_div(activations.count(), kChunk), [&](std::size_t i) {
    const std::size_t first = i * kChunk;
    const std::size_t count = std::min(kChunk, activations.count() - first);
    const auto values = activations.values().subspan(first * arch::kLanes, count * arch::kLanes);
    std::vector<std::uint32_t> masks(values.size());
    std::vector<std::uint8_t> counts(values.size());
    std::vector<std::uint8_t> cycles(count);
    std::vector<std::int32_t> subword;
    for (std::uint32_t k = 0; k < subwords; ++k) {
      std::span<const std::int32_t> part = values;
      if (subwords > 1) {
        subword.clear();
        for (const auto x : values)
          subword.push_back(arch::subword_of(static_cast<std::int32_t>(kernel::magnitude_of(x)), k,
                                             params.array.pe_width, false));
        part = subword;
      }
      kernel::term_exponents(params.encoder, part, masks);
      kernel::brick_cycles(masks, params.first_stage_bits, cycles);
      kernel::count_terms(params.encoder, part, counts);
      for (std::size_t b = 0; b < count; ++b) {
        const auto* brick = counts.data() + b * arch::kLanes;
        std::uint16_t& terms = out.terms[first + b];
        terms = std::accumulate(brick, brick + arch::kLanes, terms);
        out.cycles[first + b] = std::max(out.cycles[first + b], cycles[b]);
      }
    }
  });
  return out;
}

void count_terms(const arch::LayerInput& input, const arch::Block& block, const PreparedTerms& prepared,
                 arch::Cost& cost) {
  const std::size_t sets = input.mapping.window_sets.size();
  for (const auto p : block.passes) {
    for (const auto& tiles :
         pricing::dispatch_groups_of(input.mapping.passes[p], input.lowered.is_parallel_groups)) {
      for (const auto set : block.window_sets) {
        const std::uint64_t terms = prepared.terms[tiles.group * sets + set];
        cost.events[kTerms] += terms;
        cost.events[kTermProducts] += terms * tiles.filters;
      }
    }
  }
}

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Pragmatic>(Params::from(values));
}

}  // namespace

config::Declaration Params::declaration() {
  return {
      arch::tiles_parameter(16, "Pragmatic (MICRO'17), matched to DaDianNao's 16 tiles"),
      arch::rows_parameter(16, "Pragmatic (MICRO'17)"),
      arch::columns_parameter(16, "Pragmatic (MICRO'17)", "windows of a tile (a pallet)"),
      pricing::encoder_parameter(),
      Parameter::integer("first_stage_bits", "bits", 0, 4)
          .by_default(2)
          .means("L: a lane's own shifter reaches exponents up to 2^L - 1 above the column's common shift; 4 "
                 "reaches them all")
          .from("Pragmatic (MICRO'17), PRA 2b"),
      Parameter::integer_or_word("run_ahead_registers", "weight sets", 0, 65535, {"unlimited"})
          .by_default(0)
          .means("weight-set registers R that let columns drift apart; 0 is pallet synchronisation: all "
                 "columns wait at every step")
          .from("our choice: a barrier; Pragmatic (MICRO'17) for per-column synchronisation"),
      arch::pe_width_parameter(),
      arch::storage_parameter(arch::Storage::container,
                              "Pragmatic (MICRO'17) keeps DaDianNao's 16-bit neurons"),
      arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  return {.array = arch::ArrayParams::from(values),
          .encoder = pricing::encoder_from(values),
          .first_stage_bits = values.count("first_stage_bits"),
          .registers = values.is_word("run_ahead_registers") ? kernel::RunAhead::kUnlimited
                                                             : values.count("run_ahead_registers")};
}

std::unique_ptr<arch::Prepared> Pragmatic::prepare(const arch::LayerInput& input) const {
  const BrickWork work = brick_work(*input.activations, params_, input.mapping.composition.columns);
  return std::make_unique<PreparedTerms>(
      pricing::column_steps(input, 1,
                            [&](std::span<const std::size_t> bases, std::size_t offset) {
                              return work.cycles[bases[0] + offset];
                            }),
      pricing::window_set_sums(input, work.terms));
}

arch::Cost Pragmatic::price(const arch::LayerInput& input, const arch::Prepared& prepared,
                            const arch::Block& block) const {
  const auto& terms = dynamic_cast<const PreparedTerms&>(prepared);
  pricing::UnitTally tally;
  arch::Cost cost = pricing::price_columns(input, block, terms.steps, params_.registers,
                                           params_.array.container_bits, tally);
  cost.events[kBricks] = tally.steps;
  cost.events[kBrickCycles] = tally.cycles;
  count_terms(input, block, terms, cost);
  return cost;
}

}  // namespace heddle::models::pragmatic

namespace heddle::models {

arch::ModelInfo describe_pragmatic() {
  return {
      .name = "pragmatic",
      .summary = "activations term-serial (signed powers of two), weights bit-parallel",
      .citation = "Albericio et al., Bit-Pragmatic Deep Neural Network Computing, MICRO 2017",
      .parameters = pragmatic::Params::declaration(),
      .events = {{"activation_bricks", "bricks", "activation bricks that were encoded and sent to a column"},
                 {"activation_brick_cycles", "cycles",
                  "cycles for sending these bricks; divided by activation_bricks, the mean step"},
                 {"activation_terms", "terms", "terms of these bricks, as the encoders produced them"},
                 {"term_products", "ops", "additions of shifted weights: terms x the filters that use them"}},
      .make = pragmatic::make};
}

}  // namespace heddle::models
