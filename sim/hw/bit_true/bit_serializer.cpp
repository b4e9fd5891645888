// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/bit_true/bit_serializer.h"

#include <algorithm>
#include <bit>

namespace heddle::hw {
BitSerializer BitSerializer::of_width(unsigned width, bool is_signed, SubwordPlace subword) {
  BitSerializer out({.is_signed = is_signed}, subword);
  out.width_ = width;
  return out;
}

// Bits of the magnitudes, the sign included in two's complement. Where every bit is zero, one is sent.
BitSerializer::Range BitSerializer::range() const {
  if (width_ > 0) return {0, width_};
  const std::uint32_t trailing = code_.ones_complement ? folded_ : low_;
  const unsigned first =
      code_.trim_low && trailing != 0 ? static_cast<unsigned>(std::countr_zero(trailing)) : 0;
  const unsigned sign = code_.is_signed && !code_.ones_complement ? 1 : 0;
  return {first, std::max(static_cast<unsigned>(std::bit_width(folded_)) + sign, first + 1)};
}

unsigned BitSerializer::planes() const {
  const Range bits = range();
  return bits.end - bits.first + (code_.is_signed && code_.ones_complement ? 1 : 0);
}

BitPlane BitSerializer::plane(unsigned index) const {
  const unsigned all = planes();
  if (index >= all) return {};
  const unsigned place = subword_.first() + range().first + index;
  BitPlane out{.at = static_cast<std::uint8_t>(place), .counts = std::int32_t{1} << place};
  if (!code_.is_signed) return out;
  if (index + 1 < all) {
    if (code_.ones_complement) out.sign_at = static_cast<std::uint8_t>(sign_place());
    return out;
  }
  out.at = static_cast<std::uint8_t>(sign_place());
  out.counts = -(std::int32_t{1} << (code_.ones_complement ? subword_.first() : place));
  if (!subword_.is_top()) out.counts += std::int32_t{1} << (subword_.first() + subword_.bits);
  return out;
}

}  // namespace heddle::hw
