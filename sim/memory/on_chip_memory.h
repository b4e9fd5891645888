// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include "sim/base/quantity.h"

namespace heddle::memory {

inline constexpr Bytes kUnlimited{std::numeric_limits<std::uint64_t>::max()};

// What blocking and residency need to know of an on-chip memory.
struct OnChipMemory {
  Bytes capacity = kUnlimited;
  bool is_double_buffered = true;  // the next block is loaded while one is worked on
};

}  // namespace heddle::memory
