// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/random.h"

namespace heddle::test {

// Values of every scale up to `bits` magnitude bits. A third of them are zero, and half of the rest are
// negative where `signed_values`: they resemble quantized layers, and extremes are frequent.
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
