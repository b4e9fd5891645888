// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/bit_true/term_serializer.h"

#include <utility>

#include "sim/kernel/shifter.h"

namespace heddle::hw {

kernel::TermMasks terms_of_subword(kernel::Encoder encoder, std::int32_t value, const SubwordPlace& subword) {
  kernel::TermMasks out = kernel::recode(encoder, subword.bits_of(kernel::magnitude_of(value)));
  if (value < 0) std::swap(out.positive, out.negative);
  return out;
}

void TermSerializer::begin(const SubwordPlace& subword) {
  subword_ = subword;
  exponents_.clear();
  negative_.clear();
}

void TermSerializer::see(kernel::Encoder encoder, std::int32_t value) {
  const kernel::TermMasks terms = terms_of_subword(encoder, value, subword_);
  exponents_.push_back(terms.exponents());
  negative_.push_back(terms.negative);
}

unsigned TermSerializer::take(unsigned first_stage_bits) {
  consumed_.resize(exponents_.size());
  const unsigned common = kernel::shifter_step(exponents_, first_stage_bits, consumed_).value_or(0);
  base_ = static_cast<std::uint8_t>(subword_.first() + common);
  return common;
}

}  // namespace heddle::hw
