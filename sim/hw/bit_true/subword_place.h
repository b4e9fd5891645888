// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/arch/composition.h"

namespace heddle::hw {

// A subword of the bits of a value that is cut over composed elements (sim/arch/composition.h): subword
// `index` of `count`, `bits` bits each, the lowest first. Only operands that travel serially are cut in the
// bit-true arrays; cutting an operand that is multiplied bit-parallel would only cut products whose parts are
// added up again.
struct SubwordPlace {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  unsigned bits = 16;

  [[nodiscard]] unsigned first() const { return index * bits; }
  [[nodiscard]] bool is_top() const { return index + 1 == count; }
  [[nodiscard]] std::uint32_t mask() const { return (1U << bits) - 1; }
  [[nodiscard]] std::uint32_t bits_of(std::uint32_t value) const { return value >> first() & mask(); }
};

}  // namespace heddle::hw
