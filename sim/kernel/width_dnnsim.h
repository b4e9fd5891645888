// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace heddle::kernel {

// Serial width in bits as the open simulator DNNsim counts it. `folded` is GroupBits::folded: DNNsim takes
// both the top and the bottom bit from the one's-complemented values, so no second summary is needed.
// An all-zero group counts as if bit 0 were set: 1 unsigned, 2 signed (as does a group of 0 and -1).
// minor_bit trims from below: max_msb - min_lsb + 1 with the sign counted in max_msb; such a group has no
// min_lsb and keeps 1 or 2.
constexpr unsigned width_dnnsim(std::uint32_t folded, bool signed_values, bool minor_bit) {
  const unsigned sign = signed_values ? 1U : 0U;
  if (folded == 0) return 1U + sign;
  const auto top = static_cast<unsigned>(std::bit_width(folded)) + sign;
  return minor_bit ? top - static_cast<unsigned>(std::countr_zero(folded)) : top;
}

}  // namespace heddle::kernel
