// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/fetch_rows.h"

#include <algorithm>

#include "sim/base/quantity.h"

namespace heddle::pricing {
namespace {

// Bricks of all channels at a position. A layer of one group may count fewer than its channels fill
// (docs/rules.md#image-layer, `published`).
std::uint64_t bricks_of_image(const workload::LoweredLayer& layer) {
  if (layer.groups.size() == 1) return layer.bricks;
  const auto& last = layer.groups.back();
  return ceil_div(last.first_channel + last.channels, workload::kBrick);
}

// Bricks of the image, first and last, that hold the channels of a group's brick: two neighbours where the
// group starts inside a brick.
struct ImageBricks {
  std::uint64_t first, last;
};
ImageBricks image_bricks(const workload::LoweredLayer& layer, std::uint32_t index, std::uint32_t brick) {
  if (layer.groups.size() == 1) return {brick, brick};
  const auto& group = layer.groups[index];
  const std::uint64_t channel = std::uint64_t{group.first_channel} + std::uint64_t{brick} * workload::kBrick;
  return {channel / workload::kBrick, (channel + layer.lanes(group, brick) - 1) / workload::kBrick};
}

}  // namespace

std::vector<std::uint32_t> groups_of(const arch::Pass& pass) {
  std::vector<std::uint32_t> out;
  for (const auto& set : pass) {
    if (out.empty() || out.back() != set.group) out.push_back(set.group);
  }
  return out;
}

std::uint32_t fetch_rows(const workload::LoweredLayer& layer, std::span<const std::uint32_t> groups,
                         const arch::WindowSet& set, std::uint32_t step) {
  constexpr std::uint64_t kBricksPerRow = 16;
  const auto at = layer.step_at(step);
  const std::uint64_t bricks = bricks_of_image(layer);
  std::vector<std::uint64_t> rows;
  rows.reserve(2 * groups.size() * set.count);
  for (const auto group : groups) {
    const ImageBricks read = image_bricks(layer, group, at.brick);
    for (std::uint64_t w = set.first; w < set.first + set.count; ++w) {
      const auto out = layer.window_at(w);
      const std::uint64_t y = std::uint64_t{out.y} * layer.stride_y + std::uint64_t{at.ky} * layer.dilation_y;
      const std::uint64_t x = std::uint64_t{out.x} * layer.stride_x + std::uint64_t{at.kx} * layer.dilation_x;
      const std::uint64_t position = (y * layer.padded_width + x) * bricks;
      rows.push_back((position + read.first) / kBricksPerRow);
      rows.push_back((position + read.last) / kBricksPerRow);
    }
  }
  std::sort(rows.begin(), rows.end());
  return static_cast<std::uint32_t>(std::unique(rows.begin(), rows.end()) - rows.begin());
}

}  // namespace heddle::pricing
