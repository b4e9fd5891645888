// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/hw/serial_unit.h"

#include "sim/arch/fetch_rows.h"

namespace heddle::models::stripes {

void Design::Feed::begin(const hw::StepOperands& operands) {
  operands_ = &operands;
  const auto& input = *operands.input;
  precision_ = input.layer.precision.activation_bits;
  is_signed_ = input.layer.activation.rep.is_signed;
  cycles_ = model_->serial_cycles(input.layer);
  if (model_->params().fetch == arch::ActivationFetch::rows && !input.lowered.is_fully_connected) {
    cycles_ = std::max(
        cycles_,
        arch::fetch_rows(input.lowered, input.mapping.window_sets[operands.window_set], operands.step));
  }
  cycle_ = 0;
}

bool Design::Feed::next(std::span<Word> words) {
  const std::uint32_t width = model_->params().pe_width;
  const std::uint32_t done = cycle_ * model_->params().bits_per_cycle;
  // Beyond a block there is nothing to send: an odd width's second bit, or waiting for rows.
  const std::uint32_t count = done < width ? std::min(model_->params().bits_per_cycle, width - done) : 0;
  for (std::size_t w = 0; w < words.size(); ++w) {
    for (std::uint32_t i = 0; i < words[w].blocks.size(); ++i) {
      words[w].blocks[i] =
          hw::cut_planes(operands_->bricks[w], i * width + done, count, precision_, is_signed_);
    }
  }
  return ++cycle_ == cycles_;
}

}  // namespace heddle::models::stripes

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_stripes(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const stripes::Stripes&>(accelerator);
  return std::make_unique<hw::SerialArray<stripes::Design>>(
      name, stripes::Design{&model},
      hw::SerialArray<stripes::Design>::Options{
          .shape = model.shape(), .columns_per_unit = model.params().columns, .registers = 0});
}

}  // namespace heddle::models
