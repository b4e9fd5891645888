// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace heddle::hw {

// What every cycle of a column's bus carries beside a design's own operand bits.
struct ElementControl {
  std::uint32_t weight_set = 0;  // which weight register the elements of the column use
  bool first = false;            // clear the accumulator before this cycle
  bool last = false;             // hand out the accumulator after this cycle
  std::uint64_t window = 0;
  friend bool operator==(const ElementControl&, const ElementControl&) = default;
};

}  // namespace heddle::hw
