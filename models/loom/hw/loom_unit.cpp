// SPDX-License-Identifier: Apache-2.0
#include "models/loom/hw/loom_unit.h"

#include <algorithm>

#include "sim/hw/bit_true/split_array.h"
#include "sim/kernel/width.h"

namespace heddle::models::loom {

void GridDesign::Feed::find_activation_width() {
  const arch::LayerInput& input = *operands_->input;
  activation_width_ = input.layer.precision.activation_bits;
  activation_is_signed_ = input.layer.activation.rep.is_signed;
  if (model_.params().activation_width == ActivationWidth::layer) return;
  kernel::GroupBits step;
  for (const auto& brick : operands_->bricks) step = kernel::merge(step, kernel::summarize(brick));
  activation_is_signed_ = model_.tensor_is_signed(activation_is_signed_, input.activations->values());
  activation_width_ = model_.width(step.folded, activation_is_signed_);
}

void GridDesign::Feed::find_weight_width() {
  const arch::LayerInput& input = *operands_->input;
  weight_width_ = input.layer.precision.weight_bits;
  weight_is_signed_ = input.layer.weight.rep.is_signed;
  if (!model_.has_group_widths(input)) return;
  const bool finds = model_.params().weight_precision == WeightPrecision::values;
  if (finds) weight_is_signed_ = model_.tensor_is_signed(weight_is_signed_, input.weights->values());
  weight_width_ = 1;
  for (const auto& set : input.mapping.passes[operands_->pass]) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f) {
      const std::size_t index = std::size_t{f} * input.mapping.steps + operands_->step;
      const std::uint32_t width = finds ? model_.width(kernel::summarize(input.weights->brick(f, operands_->step)).folded, weight_is_signed_)
                                        : input.group_widths[index];
      weight_width_ = std::max(weight_width_, width);
    }
  }
}

void GridDesign::Feed::begin(const hw::StepOperands& operands) {
  operands_ = &operands;
  find_activation_width();
  find_weight_width();
  slots_ = static_cast<std::uint32_t>(ceil_div(activation_width_, model_.params().bits_per_cycle));
  cycle_ = 0;
}

bool GridDesign::Feed::next(std::span<Word> words) {
  const std::uint32_t bits = model_.params().bits_per_cycle;
  const std::uint32_t place = cycle_ / slots_;
  for (std::size_t w = 0; w < words.size(); ++w) {
    Slot& slot = words[w].slot;
    slot.activations = hw::cut_planes(operands_->bricks[w], cycle_ % slots_ * bits, bits, activation_width_, activation_is_signed_);
    slot.latches = cycle_ % slots_ == 0;
    slot.weight_place = static_cast<std::uint8_t>(place);
    slot.weight_is_sign = weight_is_signed_ && place + 1 == weight_width_;
  }
  return ++cycle_ == slots_ * weight_width_;
}

void ColumnDesign::Feed::begin(const hw::CascadeOperands& operands) {
  operands_ = &operands;
  const Params& params = model_.params();
  hold_ = std::max(params.columns, static_cast<std::uint32_t>(ceil_div(params.container_bits, params.bits_per_cycle)));
  cycle_ = 0;
}

bool ColumnDesign::Feed::next(Word& word) {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const std::uint32_t weight_bits = input.layer.precision.weight_bits;
  const std::uint32_t place = cycle_ / hold_;
  if (operands_->slice < operands_->bricks.size()) {
    word.slot.activations = hw::cut_planes(operands_->bricks[operands_->slice], cycle_ % hold_ * params.bits_per_cycle, params.bits_per_cycle,
                                           params.container_bits, input.layer.activation.rep.is_signed);
  }
  word.slot.latches = cycle_ % hold_ == 0;
  word.slot.weight_place = static_cast<std::uint8_t>(place);
  word.slot.weight_is_sign = input.layer.weight.rep.is_signed && place + 1 == weight_bits;
  return ++cycle_ == hold_ * weight_bits;
}

}  // namespace heddle::models::loom

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_loom(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const loom::Loom&>(accelerator);
  model.require_bit_true();
  using Grid = hw::SerialArray<loom::GridDesign>;
  using Columns = hw::CascadeArray<loom::ColumnDesign>;
  const Grid::Options grid{.shape = model.shape(), .columns_per_unit = model.params().columns, .registers = 0};
  if (model.params().fully_connected == loom::FullyConnected::round_robin) return std::make_unique<Grid>(name, loom::GridDesign{&model}, grid);
  return std::make_unique<hw::SplitArray<Grid, Columns>>(
      name, loom::GridDesign{&model}, grid, loom::ColumnDesign{&model},
      Columns::Options{.shape = model.shape(), .reduction = hw::Reduction::chain, .loads_first = false});
}

}  // namespace heddle::models
