// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/arch/mapping.h"

namespace heddle::pricing {

// Tiles of a pass that share a dispatcher a column: all of them, or, where groups share the tiles (mapping
// groups "parallel"), each tile alone. A tile's column is one piece of hardware: where tiles change
// groups from pass to pass, only its own history says when it is free.
struct PassSlot {
  std::uint32_t group = 0;
  std::uint32_t filters = 0;  // of its tiles together

  friend bool operator==(const PassSlot&, const PassSlot&) = default;
};

inline std::vector<PassSlot> slots_of(const arch::Pass& pass, bool is_parallel_groups) {
  std::vector<PassSlot> out;
  for (const auto& set : pass) {
    if (out.empty() || is_parallel_groups) out.push_back({set.group, 0});
    out.back().filters += set.filters;
  }
  return out;
}

}  // namespace heddle::pricing
