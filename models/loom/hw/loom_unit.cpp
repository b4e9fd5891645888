// SPDX-License-Identifier: Apache-2.0
#include "models/loom/hw/loom_unit.h"

#include <algorithm>

#include "sim/hw/bit_true/split_array.h"

namespace heddle::models::loom {

Place place_of(std::uint32_t bit, std::uint32_t index, std::uint32_t blocks, std::uint32_t block_bits,
               std::uint32_t width, bool is_signed) {
  const std::uint32_t at = index * block_bits + bit;
  std::int64_t counts = std::int64_t{1} << at;
  if (is_signed && bit + 1 == width)
    counts = (index + 1 < blocks ? std::int64_t{1} << ((index + 1) * block_bits) : 0) - counts;
  return {static_cast<std::uint8_t>(at), counts};
}

std::uint16_t cut_plane(const std::int32_t* values, std::uint32_t place) {
  std::uint32_t out = 0;
  for (std::size_t lane = 0; lane < arch::kLanes; ++lane)
    out |= ((static_cast<std::uint32_t>(values[lane]) >> place) & 1U) << lane;
  return static_cast<std::uint16_t>(out);
}

void GridDesign::Feed::find_activation_width() {
  const arch::LayerInput& input = *operands_->input;
  const unsigned bits = input.layer.precision.activation_bits;
  activation_width_ = std::min(bits, model_.params().pe_width);
  activation_is_signed_ = input.layer.activation.rep.is_signed;
  if (model_.params().activation_width == ActivationWidth::layer) return;
  activation_is_signed_ = model_.activations_are_signed(input);
  activation_width_ = 1;
  for (const auto& brick : operands_->bricks)
    activation_width_ = std::max(activation_width_, model_.width(brick, bits, activation_is_signed_));
}

void GridDesign::Feed::find_weight_width() {
  const arch::LayerInput& input = *operands_->input;
  const unsigned bits = input.layer.precision.weight_bits;
  weight_width_ = std::min(bits, model_.params().pe_width);
  weight_is_signed_ = input.layer.weight.rep.is_signed;
  if (!model_.has_group_widths(input)) return;
  const bool finds = model_.params().weight_precision == WeightPrecision::values;
  if (finds) weight_is_signed_ = model_.weights_are_signed(input);
  weight_width_ = 1;
  for (const auto& set : input.mapping.passes[operands_->pass]) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f) {
      const std::size_t index = std::size_t{f} * input.mapping.steps + operands_->step;
      const std::uint32_t width =
          finds ? model_.width(input.weights->brick(f, operands_->step), bits, weight_is_signed_)
                : std::min<std::uint32_t>(input.group_widths[index], model_.params().pe_width);
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
  const Params& params = model_.params();
  const auto& precision = operands_->input->layer.precision;
  const std::uint32_t activation_blocks = model_.blocks(precision.activation_bits);
  const std::uint32_t weight_blocks = model_.blocks(precision.weight_bits);
  const std::uint32_t first = cycle_ % slots_ * params.bits_per_cycle;
  const std::uint32_t end = std::min(first + params.bits_per_cycle, activation_width_);
  for (std::size_t w = 0; w < words.size(); ++w) {
    Slot& slot = words[w].slot;
    slot.clear();
    for (std::uint32_t block = 0; block < activation_blocks; ++block) {
      for (std::uint32_t bit = first; bit < end; ++bit) {
        slot.add(operands_->bricks[w], place_of(bit, block, activation_blocks, params.pe_width,
                                                activation_width_, activation_is_signed_));
      }
    }
    slot.latches = cycle_ % slots_ == 0;
    slot.weight_blocks = static_cast<std::uint8_t>(weight_blocks);
    for (std::uint32_t block = 0; block < weight_blocks; ++block) {
      slot.weights[block] =
          place_of(cycle_ / slots_, block, weight_blocks, params.pe_width, weight_width_, weight_is_signed_);
    }
  }
  return ++cycle_ == slots_ * weight_width_;
}

void ColumnDesign::Feed::begin(const hw::CascadeOperands& operands) {
  operands_ = &operands;
  const Params& params = model_.params();
  hold_ = std::max(params.columns,
                   static_cast<std::uint32_t>(ceil_div(params.container_bits, params.bits_per_cycle)));
  cycle_ = 0;
}

bool ColumnDesign::Feed::next(Word& word) {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const std::uint32_t weight_bits = input.layer.precision.weight_bits;
  const std::uint32_t first = cycle_ % hold_ * params.bits_per_cycle;
  // A column waits for its turn on the row's weight bits once its activation bits are through.
  const std::uint32_t end = std::min(first + params.bits_per_cycle, params.container_bits);
  word.slot.clear();
  for (std::uint32_t bit = first; bit < end && operands_->slice < operands_->bricks.size(); ++bit) {
    word.slot.add(operands_->bricks[operands_->slice],
                  place_of(bit, 0, 1, 16, params.container_bits, input.layer.activation.rep.is_signed));
  }
  word.slot.latches = cycle_ % hold_ == 0;
  word.slot.weights[0] = place_of(cycle_ / hold_, 0, 1, 16, weight_bits, input.layer.weight.rep.is_signed);
  return ++cycle_ == hold_ * weight_bits;
}

}  // namespace heddle::models::loom

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_loom(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const loom::Loom&>(accelerator);
  model.require_bit_true();
  using Grid = hw::SerialArray<loom::GridDesign>;
  using Columns = hw::CascadeArray<loom::ColumnDesign>;
  const Grid::Options grid{
      .shape = model.shape(), .columns_per_unit = model.params().columns, .registers = 0};
  if (model.params().fully_connected == loom::FullyConnected::round_robin)
    return std::make_unique<Grid>(name, loom::GridDesign{&model}, grid);
  return std::make_unique<hw::SplitArray<Grid, Columns>>(
      name, loom::GridDesign{&model}, grid, loom::ColumnDesign{&model},
      Columns::Options{.shape = model.shape(), .reduction = hw::Reduction::chain, .loads_first = false});
}

}  // namespace heddle::models
