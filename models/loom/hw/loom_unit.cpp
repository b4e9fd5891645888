// SPDX-License-Identifier: Apache-2.0
#include "models/loom/hw/loom_unit.h"

#include <algorithm>

#include "sim/hw/bit_true/split_array.h"

namespace heddle::models::loom {

void GridDesign::Feed::find_activation_width() {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const unsigned bits = input.layer.precision.activation_bits;
  const std::uint32_t blocks = model_.blocks(bits);
  std::uint32_t widest = 1;
  activations_.clear();
  for (const auto& brick : operands_->bricks) {
    for (std::uint32_t block = 0; block < blocks; ++block) {
      const hw::BlockPlace place{block, blocks, params.pe_width};
      hw::BitSerializer serializer = hw::BitSerializer::of_width(std::min(bits, params.pe_width),
                                                                 input.layer.activation.rep.is_signed, place);
      if (params.activation_width == ActivationWidth::dynamic) {
        serializer = hw::BitSerializer(hw::code_of(model_.activation_detector(input)), place);
        serializer.see(brick);
      }
      widest = std::max(widest, serializer.planes());
      activations_.push_back(serializer);
    }
  }
  slots_ = static_cast<std::uint32_t>(ceil_div(widest, params.bits_per_cycle));
}

// Of a filter's weights in this step, of their widest block.
std::uint32_t GridDesign::Feed::weight_width(std::uint32_t filter) const {
  const arch::LayerInput& input = *operands_->input;
  if (!rows_.in_use) {
    return std::min<std::uint32_t>(
        input.group_widths[std::size_t{filter} * input.mapping.steps + operands_->step],
        model_.params().pe_width);
  }
  std::uint32_t widest = 1;
  for (std::uint32_t block = 0; block < weight_blocks_; ++block) {
    const auto detected = rows_.detect(block, weight_blocks_, input.weights->brick(filter, operands_->step));
    widest = std::max(widest, detected.planes());
  }
  return widest;
}

void GridDesign::Feed::find_weight_width() {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const unsigned bits = input.layer.precision.weight_bits;
  weight_blocks_ = model_.blocks(bits);
  weight_bits_ = std::min(bits, params.pe_width);
  weight_width_ = params.composed_weights == ComposedWeights::layer ? bits : weight_bits_;
  rows_ = {.in_use = params.weight_precision == WeightPrecision::values,
           .code = hw::code_of(model_.weight_detector(input)),
           .block_bits = params.pe_width};
  if (!model_.has_group_widths(input)) return;
  weight_width_ = 1;
  for (const auto& set : input.mapping.passes[operands_->pass]) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f)
      weight_width_ = std::max(weight_width_, weight_width(f));
  }
  weight_bits_ = weight_width_;
}

void GridDesign::Feed::set_weights(Slot& slot) const {
  slot.weight_blocks = static_cast<std::uint8_t>(weight_blocks_);
  slot.rows = rows_;
  slot.rows.plane = cycle_ / slots_;
  if (rows_.in_use) return;
  for (std::uint32_t block = 0; block < weight_blocks_; ++block) {
    slot.weights[block] =
        hw::BitSerializer::of_width(weight_bits_, operands_->input->layer.weight.rep.is_signed,
                                    {block, weight_blocks_, model_.params().pe_width})
            .plane(slot.rows.plane);
  }
}

void GridDesign::Feed::begin(const hw::StepOperands& operands) {
  operands_ = &operands;
  find_activation_width();
  find_weight_width();
  cycle_ = 0;
}

bool GridDesign::Feed::next(std::span<Word> words) {
  const std::uint32_t bits = model_.params().bits_per_cycle;
  const std::size_t blocks = activations_.size() / words.size();
  for (std::size_t w = 0; w < words.size(); ++w) {
    Slot& slot = words[w].slot;
    slot.activations.clear();
    for (std::size_t block = 0; block < blocks; ++block) {
      slot.activations.add(activations_[w * blocks + block], operands_->bricks[w], cycle_ % slots_ * bits,
                           bits);
    }
    slot.latches = cycle_ % slots_ == 0;
    set_weights(slot);
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
  const std::uint32_t place = cycle_ % hold_ * params.bits_per_cycle;
  // A column waits for its turn on the row's weight bits once its activation bits are through.
  word.slot.activations.clear();
  if (operands_->slice < operands_->bricks.size()) {
    word.slot.activations.add(
        hw::BitSerializer::of_width(params.container_bits, input.layer.activation.rep.is_signed),
        operands_->bricks[operands_->slice], place, params.bits_per_cycle);
  }
  word.slot.latches = cycle_ % hold_ == 0;
  word.slot.weights[0] =
      hw::BitSerializer::of_width(weight_bits, input.layer.weight.rep.is_signed).plane(cycle_ / hold_);
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
