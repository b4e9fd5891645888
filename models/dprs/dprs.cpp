// SPDX-License-Identifier: Apache-2.0
#include "models/dprs/dprs.h"

#include <algorithm>
#include <array>

#include "sim/base/quantity.h"
#include "sim/pricing/cascade.h"
#include "sim/pricing/column_steps.h"

namespace heddle::models::dprs {
namespace {

enum Event : std::size_t { kGroups, kGroupCycles };

struct PreparedSteps final : arch::Prepared {
  explicit PreparedSteps(pricing::ColumnSteps s) : steps(std::move(s)) {}
  pricing::ColumnSteps steps;
};

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Dprs>(Params::from(values));
}

}  // namespace

std::vector<kernel::GroupBits> summaries(const workload::ActivationBricks& activations) {
  constexpr std::size_t kChunk = 4096;  // bricks per task
  std::vector<kernel::GroupBits> out(activations.count());
  parallel_for(ceil_div(out.size(), kChunk), [&](std::size_t i) {
    const std::size_t first = i * kChunk;
    const std::size_t count = std::min(kChunk, out.size() - first);
    kernel::summarize_bricks(activations.values().subspan(first * kernel::kBrick, count * kernel::kBrick),
                             std::span(out).subspan(first, count));
  });
  return out;
}

std::vector<kernel::GroupBits> subword_summaries(const workload::ActivationBricks& activations,
                                                 std::uint32_t index, unsigned width, bool is_signed) {
  std::vector<kernel::GroupBits> out(activations.count());
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::array<std::int32_t, arch::kLanes> subword;
    const auto brick = activations.brick(i);
    for (std::size_t lane = 0; lane < subword.size(); ++lane)
      subword[lane] = arch::subword_of(brick[lane], index, width, is_signed);
    out[i] = kernel::summarize(subword);
  }
  return out;
}

arch::Mapping Dprs::map(const workload::LoweredLayer& layer, arch::Pallet pallet) const {
  return cascades(layer) ? pricing::map_cascade(layer, shape())
                         : arch::map_composed(layer, shape(), pallet, params_.array.pe_width);
}

std::unique_ptr<arch::Prepared> Dprs::prepare(const arch::LayerInput& input) const {
  if (cascades(input.lowered)) return prepare_cascade(input);
  const pricing::WidthDetector detect = detector(input);
  const std::uint32_t subwords = input.mapping.composition.columns;
  std::vector<std::vector<kernel::GroupBits>> bits;
  for (std::uint32_t k = 0; k < subwords && subwords > 1; ++k)
    bits.push_back(subword_summaries(*input.activations, k, params_.array.pe_width, detect.is_signed));
  if (subwords == 1) bits.push_back(summaries(*input.activations));
  return std::make_unique<PreparedSteps>(pricing::column_steps(
      input, columns_per_unit(), [&](std::span<const std::size_t> bases, std::size_t offset) {
        unsigned widest = 1;
        for (const auto& subword : bits) {
          kernel::GroupBits group;
          for (const auto base : bases) group = kernel::merge(group, subword[base + offset]);
          widest = std::max(widest, detect.width(group));
        }
        return ceil_div(widest, params_.bits_per_cycle);
      }));
}

arch::Cost Dprs::price(const arch::LayerInput& input, const arch::Prepared& prepared,
                       const arch::Block& block) const {
  if (cascades(input.lowered)) return price_cascade(input, prepared, block);
  pricing::UnitTally tally;
  arch::Cost cost = pricing::price_columns(input, block, dynamic_cast<const PreparedSteps&>(prepared).steps,
                                           params_.registers, params_.array.container_bits, tally);
  cost.events[kGroups] = tally.steps;
  cost.events[kGroupCycles] = tally.cycles;
  return cost;
}

}  // namespace heddle::models::dprs

namespace heddle::models {

arch::ModelInfo describe_dprs() {
  return {
      .name = "dprs",
      .summary = "activations bit-serial at a width detected at run time for each group of values",
      .citation =
          "Delmas et al., Dynamic Stripes, arXiv 1706.00504; Delmas et al., DPRed, arXiv 1804.06732; Delmas "
          "Lascorz et al., ShapeShifter, MICRO 2019",
      .parameters = dprs::Params::declaration(),
      .events = {{"activation_groups", "groups",
                  "groups of activations for which a dispatcher detected a width and which it sent"},
                 {"activation_group_cycles", "cycles",
                  "cycles for sending these groups; divided by activation_groups, the mean step"}},
      .make = dprs::make};
}

}  // namespace heddle::models
