// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/arch/mapping.h"

namespace heddle::pricing {

// Neighbouring tiles of a pass whose columns receive one stream of activations: all tiles, or each tile alone
// where channel groups share the tiles (mapping groups "parallel"). A column of a tile is one piece of
// hardware: where tiles change groups from pass to pass, it is free when its own earlier work has ended.
struct DispatchGroup {
  std::uint32_t group = 0;  // of channels, whose activations are sent
  std::uint32_t first_tile = 0;
  std::uint32_t tiles = 0;    // 0: the pass has no such group
  std::uint32_t filters = 0;  // of its tiles together

  friend bool operator==(const DispatchGroup&, const DispatchGroup&) = default;
};

inline std::vector<DispatchGroup> dispatch_groups_of(const arch::Pass& pass, bool is_parallel_groups) {
  std::vector<DispatchGroup> out;
  for (std::uint32_t tile = 0; tile < pass.size(); ++tile) {
    if (out.empty() || is_parallel_groups) out.push_back({pass[tile].group, tile, 0, 0});
    ++out.back().tiles;
    out.back().filters += pass[tile].filters;
  }
  return out;
}

}  // namespace heddle::pricing
