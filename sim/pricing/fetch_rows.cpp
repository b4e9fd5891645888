// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/fetch_rows.h"

#include <algorithm>
#include <vector>

namespace heddle::pricing {

std::uint32_t fetch_rows(const workload::LoweredLayer& layer, const arch::WindowSet& set,
                         std::uint32_t step) {
  constexpr std::uint64_t kBricksPerRow = 16;
  const auto at = layer.step_at(step);
  std::vector<std::uint64_t> rows;
  rows.reserve(set.count);
  for (std::uint64_t w = set.first; w < set.first + set.count; ++w) {
    const auto out = layer.window_at(w);
    const std::uint64_t y = std::uint64_t{out.y} * layer.stride_y + std::uint64_t{at.ky} * layer.dilation_y;
    const std::uint64_t x = std::uint64_t{out.x} * layer.stride_x + std::uint64_t{at.kx} * layer.dilation_x;
    rows.push_back(((y * layer.padded_width + x) * layer.bricks + at.brick) / kBricksPerRow);
  }
  std::sort(rows.begin(), rows.end());
  return static_cast<std::uint32_t>(std::unique(rows.begin(), rows.end()) - rows.begin());
}

}  // namespace heddle::pricing
