// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include "sim/base/quantity.h"

namespace heddle::memory {

inline constexpr Bytes kUnlimited{std::numeric_limits<std::uint64_t>::max()};

// An on-chip memory as blocking and residency see it.
struct OnChipMemory {
  Bytes capacity = kUnlimited;
  bool is_double_buffered = true;  // loads the next block while one is worked on
};

}  // namespace heddle::memory
