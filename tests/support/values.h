// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/random.h"

namespace heddle::test {

// Values of every scale up to `bits` magnitude bits, a third of them zero, half of the rest negative
// where `signed_values`: what quantised layers look like, with the corners well represented.
inline std::vector<std::int32_t> random_values(Random& random, std::size_t count, unsigned bits,
                                               bool signed_values) {
  std::vector<std::int32_t> values(count);
  for (auto& x : values) {
    if (random.chance(3)) continue;
    x = static_cast<std::int32_t>(random.next() & ((1U << random.between(0, bits)) - 1U));
    if (signed_values && random.chance(2)) x = ~x;
  }
  return values;
}

}  // namespace heddle::test
