// SPDX-License-Identifier: Apache-2.0
#include "models/loom/hw/loom_unit.h"

#include <algorithm>

#include "sim/hw/bit_true/split_array.h"

namespace heddle::models::loom {

void GridDesign::Feed::find_activation_width() {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const unsigned bits = input.layer.precision.activation_bits;
  const std::uint32_t subwords = model_.subwords(bits);
  std::uint32_t widest = 1;
  activations_.clear();
  for (const auto& brick : operands_->bricks) {
    for (std::uint32_t subword = 0; subword < subwords; ++subword) {
      const hw::SubwordPlace place{subword, subwords, params.array.pe_width};
      hw::BitSerializer serializer = hw::BitSerializer::of_width(std::min(bits, params.array.pe_width),
                                                                 input.layer.activation.rep.is_signed, place);
      if (params.activation_width == ActivationWidth::dynamic) {
        serializer = hw::BitSerializer(hw::code_of(model_.activation_detector(input)), place);
        serializer.see(brick);
      }
      widest = std::max(widest, serializer.planes());
      activations_.push_back(serializer);
    }
  }
  bit_steps_ = static_cast<std::uint32_t>(ceil_div(widest, params.bits_per_cycle));
}

// The width of a filter's weights in this step: that of their widest subword.
std::uint32_t GridDesign::Feed::weight_width(std::uint32_t filter) const {
  const arch::LayerInput& input = *operands_->input;
  if (!rows_.in_use) {
    return std::min<std::uint32_t>(
        input.group_widths[std::size_t{filter} * input.mapping.steps + operands_->step],
        model_.params().array.pe_width);
  }
  std::uint32_t widest = 1;
  for (std::uint32_t subword = 0; subword < weight_subwords_; ++subword) {
    const auto detected =
        rows_.detect(subword, weight_subwords_, input.weights->brick(filter, operands_->step));
    widest = std::max(widest, detected.planes());
  }
  return widest;
}

void GridDesign::Feed::find_weight_width() {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const unsigned bits = input.layer.precision.weight_bits;
  weight_subwords_ = model_.subwords(bits);
  weight_bits_ = std::min(bits, params.array.pe_width);
  weight_width_ = params.composed_weights == ComposedWeights::layer ? bits : weight_bits_;
  rows_ = {.in_use = params.weight_precision == WeightPrecision::values,
           .code = hw::code_of(model_.weight_detector(input)),
           .subword_bits = params.array.pe_width};
  if (!model_.has_group_widths(input)) return;
  weight_width_ = 1;
  for (const auto& set : input.mapping.passes[operands_->pass]) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f)
      weight_width_ = std::max(weight_width_, weight_width(f));
  }
  weight_bits_ = weight_width_;
}

void GridDesign::Feed::set_weights(BitStep& bit_step) const {
  bit_step.weight_subwords = static_cast<std::uint8_t>(weight_subwords_);
  bit_step.rows = rows_;
  bit_step.rows.plane = cycle_ / bit_steps_;
  if (rows_.in_use) return;
  for (std::uint32_t subword = 0; subword < weight_subwords_; ++subword) {
    bit_step.weights[subword] =
        hw::BitSerializer::of_width(weight_bits_, operands_->input->layer.weight.rep.is_signed,
                                    {subword, weight_subwords_, model_.params().array.pe_width})
            .plane(bit_step.rows.plane);
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
  const std::size_t subwords = activations_.size() / words.size();
  for (std::size_t w = 0; w < words.size(); ++w) {
    BitStep& bit_step = words[w].bit_step;
    bit_step.activations.clear();
    for (std::size_t subword = 0; subword < subwords; ++subword) {
      bit_step.activations.add(activations_[w * subwords + subword], operands_->bricks[w],
                               cycle_ % bit_steps_ * bits, bits);
    }
    bit_step.latches = cycle_ % bit_steps_ == 0;
    set_weights(bit_step);
  }
  return ++cycle_ == bit_steps_ * weight_width_;
}

void ColumnDesign::Feed::begin(const hw::CascadeOperands& operands) {
  operands_ = &operands;
  const Params& params = model_.params();
  hold_ = std::max(params.array.shape.columns,
                   static_cast<std::uint32_t>(ceil_div(params.array.container_bits, params.bits_per_cycle)));
  cycle_ = 0;
}

bool ColumnDesign::Feed::next(Word& word) {
  const arch::LayerInput& input = *operands_->input;
  const Params& params = model_.params();
  const std::uint32_t weight_bits = input.layer.precision.weight_bits;
  const std::uint32_t place = cycle_ % hold_ * params.bits_per_cycle;
  // A column that has sent its activation bits waits for its turn on the row's weight bits.
  word.bit_step.activations.clear();
  if (operands_->slice < operands_->bricks.size()) {
    word.bit_step.activations.add(
        hw::BitSerializer::of_width(params.array.container_bits, input.layer.activation.rep.is_signed),
        operands_->bricks[operands_->slice], place, params.bits_per_cycle);
  }
  word.bit_step.latches = cycle_ % hold_ == 0;
  word.bit_step.weights[0] =
      hw::BitSerializer::of_width(weight_bits, input.layer.weight.rep.is_signed).plane(cycle_ / hold_);
  return ++cycle_ == hold_ * weight_bits;
}

}  // namespace heddle::models::loom

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_loom(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const loom::Loom&>(accelerator);
  using Grid = hw::SerialArray<loom::GridDesign>;
  using Columns = hw::CascadeArray<loom::ColumnDesign>;
  const Grid::Options grid{
      .shape = model.shape(), .columns_per_unit = model.params().array.shape.columns, .registers = 0};
  if (model.params().fully_connected == loom::FullyConnected::round_robin)
    return std::make_unique<Grid>(name, loom::GridDesign{&model}, grid);
  return std::make_unique<hw::SplitArray<Grid, Columns>>(
      name, loom::GridDesign{&model}, grid, loom::ColumnDesign{&model},
      Columns::Options{.shape = model.shape(), .reduction = hw::Reduction::chain, .loads_first = false});
}

}  // namespace heddle::models
