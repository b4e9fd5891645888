// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/arch/mapping.h"

namespace heddle::arch {

// Neighbouring tiles of a pass that work on the same channel group: they share activations, and so one
// dispatcher a column. More than one only where groups share the tiles (mapping groups "parallel").
struct PassSlot {
  std::uint32_t group = 0;
  std::uint32_t filters = 0;  // of its tiles together

  friend bool operator==(const PassSlot&, const PassSlot&) = default;
};

inline std::vector<PassSlot> slots_of(const Pass& pass) {
  std::vector<PassSlot> out;
  for (const auto& set : pass) {
    if (out.empty() || out.back().group != set.group) out.push_back({set.group, 0});
    out.back().filters += set.filters;
  }
  return out;
}

}  // namespace heddle::arch
