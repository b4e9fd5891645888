// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/hw/weight_program.h"

#include "sim/base/error.h"

namespace heddle::models::tactical {
namespace {

std::int16_t operand_index(WeightColumn& column, std::uint32_t step, std::uint8_t lane, std::uint8_t share) {
  for (std::size_t i = 0; i < column.operands.size(); ++i) {
    const auto& o = column.operands[i];
    if (o.step == step && o.lane == lane && o.share == share) return static_cast<std::int16_t>(i);
  }
  HEDDLE_CHECK(column.operands.size() < kMaxOperands,
               "a packed column reads more activations than it has slots");
  column.operands.push_back({step, lane, share});
  return static_cast<std::int16_t>(column.operands.size() - 1);
}

}  // namespace

std::shared_ptr<const WeightProgram> load_program(const Tactical& model, const arch::LayerInput& input,
                                                  const arch::FilterSet& set) {
  const Schedule schedule = model.pack_as_loaded(input, set, true);
  auto out = std::make_shared<WeightProgram>();
  out->first_filter = set.first_filter;
  out->filters = set.filters;
  out->group = set.group;
  out->columns.resize(std::max<std::size_t>(1, schedule.size()));
  const bool by_row = model.params().detection == Detection::row;
  for (auto& column : out->columns) {
    column.idle = schedule.size() == 0;
    column.shares = by_row ? set.filters : 1;
    for (auto& row : column.selects) row.fill(WeightColumn::kNothing);
  }
  for (std::size_t e = 0; e < schedule.size(); ++e) {
    WeightColumn& column = out->columns[e];
    for (std::uint32_t row = 0; row < set.filters; ++row) {
      for (std::uint32_t lane = 0; lane < arch::kLanes; ++lane) {
        const Slot slot = schedule.slot(e, row, lane);
        if (slot.kind == Slot::Kind::empty ||
            (slot.kind == Slot::Kind::zero && model.params().gate_zero_slots))
          continue;
        const auto share = static_cast<std::uint8_t>(by_row ? row : 0);
        column.selects[row][lane] = operand_index(column, slot.column, slot.lane, share);
        column.weights[row][lane] =
            slot.kind == Slot::Kind::zero
                ? 0
                : input.weights->brick(set.first_filter + row, slot.column)[slot.lane];
      }
    }
  }
  return out;
}

}  // namespace heddle::models::tactical
