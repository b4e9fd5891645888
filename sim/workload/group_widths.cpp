// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/group_widths.h"

#include <algorithm>
#include <array>

#include "sim/base/quantity.h"
#include "sim/kernel/width.h"

namespace heddle::workload {

std::vector<std::uint8_t> detected_group_widths(const Layer& layer, const IntTensor& weights) {
  const Geometry& g = layer.geometry;
  const std::size_t channels = g.channels / g.groups;
  const std::size_t kernel = std::size_t{g.kernel_height} * g.kernel_width;
  const std::size_t bricks = ceil_div(channels, kernel::kBrick);
  std::vector<std::uint8_t> out;
  out.reserve(g.filters * kernel * bricks);
  std::array<std::int32_t, kernel::kBrick> group{};
  for (std::size_t filter = 0; filter < g.filters; ++filter) {
    const std::int32_t* codes = weights.values.data() + filter * channels * kernel;
    for (std::size_t position = 0; position < kernel; ++position) {
      for (std::size_t first = 0; first < channels; first += kernel::kBrick) {
        const std::size_t members = std::min(kernel::kBrick, channels - first);
        for (std::size_t i = 0; i < members; ++i) group[i] = codes[(first + i) * kernel + position];
        const auto bits = kernel::summarize(std::span(group).first(members));
        out.push_back(static_cast<std::uint8_t>(kernel::width(bits, layer.weight.rep.is_signed, false)));
      }
    }
  }
  return out;
}

}  // namespace heddle::workload
