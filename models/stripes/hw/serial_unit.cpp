// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/hw/serial_unit.h"

#include "sim/arch/fetch_rows.h"

namespace heddle::models::stripes {

void Design::Element::clock(const Word& word, const std::int32_t* weights) {
  for (std::size_t plane = 0; plane < word.bit_planes.size(); ++plane) {
    if (word.bit_planes[plane] == 0) continue;
    std::int64_t tree = 0;
    for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
      tree += ((word.bit_planes[plane] >> lane) & 1) != 0 ? weights[lane] : 0;
    }
    const std::int64_t placed = tree * (std::int64_t{1} << (word.place + plane));
    sum_ += word.negative[plane] ? -placed : placed;
  }
}

void Design::Feed::begin(const hw::StepOperands& operands) {
  operands_ = &operands;
  const auto& input = *operands.input;
  precision_ = input.layer.precision.activation_bits;
  is_signed_ = input.layer.activation.rep.is_signed;
  cycles_ = model_->serial_cycles(input.layer);
  if (model_->params().fetch == ActivationFetch::rows && !input.lowered.is_fully_connected) {
    cycles_ = std::max(cycles_, arch::fetch_rows(input.lowered, input.mapping.window_sets[operands.window_set], operands.step));
  }
  cycle_ = 0;
}

bool Design::Feed::next(std::span<Word> words) {
  const std::uint32_t bits = model_->params().bits_per_cycle;
  const std::uint32_t place = cycle_ * bits;
  for (std::size_t w = 0; w < words.size(); ++w) {
    Word& word = words[w];
    word.place = static_cast<std::uint8_t>(place);
    for (std::uint32_t plane = 0; plane < 2; ++plane) {
      word.bit_planes[plane] = 0;
      word.negative[plane] = is_signed_ && place + plane + 1 == precision_;
      // Beyond the precision there is nothing to send: an odd width's second bit, or waiting for rows.
      if (plane >= bits || place + plane >= precision_) continue;
      for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
        const auto value = static_cast<std::uint32_t>(operands_->bricks[w][lane]);
        word.bit_planes[plane] = static_cast<std::uint16_t>(word.bit_planes[plane] | (((value >> (place + plane)) & 1U) << lane));
      }
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
      hw::SerialArray<stripes::Design>::Options{.shape = model.shape(), .columns_per_unit = model.params().columns, .registers = 0});
}

}  // namespace heddle::models
