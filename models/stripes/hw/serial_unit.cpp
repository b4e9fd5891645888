// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/hw/serial_unit.h"

#include "sim/pricing/fetch_rows.h"

namespace heddle::models::stripes {

void Design::Feed::begin(const hw::StepOperands& operands) {
  operands_ = &operands;
  const auto& input = *operands.input;
  const std::uint32_t bits = model_->params().array.pe_width;
  const std::uint32_t subwords = input.mapping.composition.columns;
  serializers_.clear();
  for (std::uint32_t k = 0; k < subwords; ++k) {
    // Only the topmost subword has the sign: all of a lower one's bits are sent.
    const std::uint32_t width = std::min(bits, input.layer.precision.activation_bits - k * bits);
    const bool is_signed = input.layer.activation.rep.is_signed && k + 1 == subwords;
    serializers_.push_back(hw::BitSerializer::of_width(width, is_signed, {k, subwords, bits}));
  }
  cycles_ = model_->serial_cycles(input.layer);
  if (model_->params().fetch == pricing::ActivationFetch::rows && !input.lowered.is_fully_connected) {
    const auto groups = pricing::groups_of(input.mapping.passes[operands.pass]);
    const auto& windows = input.mapping.window_sets[operands.window_set];
    cycles_ = std::max(cycles_, pricing::fetch_rows(input.lowered, groups, windows, operands.step));
  }
  cycle_ = 0;
}

bool Design::Feed::next(std::span<Word> words) {
  const std::uint32_t bits = model_->params().bits_per_cycle;
  for (std::size_t w = 0; w < words.size(); ++w) {
    words[w].planes.clear();
    for (const auto& serializer : serializers_)
      words[w].planes.add(serializer, operands_->bricks[w], cycle_ * bits, bits);
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
          .shape = model.shape(), .columns_per_unit = model.params().array.shape.columns, .registers = 0});
}

}  // namespace heddle::models
