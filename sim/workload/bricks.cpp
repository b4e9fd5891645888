// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/bricks.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::workload {
namespace {

// Flat index of a code in the trace's own layout: (1,C,H,W), or (M,C) where the image is 1 x M.
std::size_t code_index(const Layer& layer, std::uint32_t c, std::uint32_t y, std::uint32_t x) {
  const Geometry& g = layer.geometry;
  if (layer.op == Op::conv2d) return (std::size_t{c} * g.height + y) * g.width + x;
  return std::size_t{x} * g.channels + c;
}

}  // namespace

ActivationBricks::ActivationBricks(const Layer& layer, const LoweredLayer& lowered, const IntTensor& codes)
    : height_(lowered.padded_height), width_(lowered.padded_width), bricks_(lowered.bricks) {
  HEDDLE_CHECK(!lowered.shapes_only, "a shapes-only lowering cannot hold values");
  const Geometry& g = layer.geometry;
  values_.assign(lowered.groups.size() * height_ * width_ * bricks_ * kBrick, 0);
  for (std::uint32_t group = 0; group < lowered.groups.size(); ++group) {
    const ChannelGroup& members = lowered.groups[group];
    for (std::uint32_t i = 0; i < members.channels; ++i) {
      const std::uint32_t folded = members.first_channel + i;
      const Unfolded from = lowered.fold > 1 ? unfold(lowered, folded, g.channels) : Unfolded{0, 0, folded};
      for (std::uint32_t y = 0; y < height_; ++y) {
        const std::int64_t source_y = std::int64_t{y} * lowered.fold + from.dy - g.pad_top;
        const bool row_inside = source_y >= 0 && source_y < g.height;
        std::int32_t* out = values_.data() + index(group, y, 0, i / kBrick) * kBrick + i % kBrick;
        for (std::uint32_t x = 0; x < width_; ++x, out += bricks_ * kBrick) {
          const std::int64_t source_x = std::int64_t{x} * lowered.fold + from.dx - g.pad_left;
          const bool inside = row_inside && source_x >= 0 && source_x < g.width;
          *out = inside ? codes.values[code_index(layer, from.channel, static_cast<std::uint32_t>(source_y),
                                                  static_cast<std::uint32_t>(source_x))]
                        : layer.activation.rep.pad_code;
        }
      }
    }
  }
}

WeightBricks::WeightBricks(const Layer& layer, const LoweredLayer& lowered, const IntTensor& codes)
    : steps_(lowered.steps()) {
  HEDDLE_CHECK(!lowered.shapes_only, "a shapes-only lowering cannot hold values");
  const Geometry& g = layer.geometry;
  const std::uint32_t per_group = g.channels / g.groups;
  const std::size_t kernel = std::size_t{g.kernel_height} * g.kernel_width;
  values_.assign(std::size_t{g.filters} * steps_ * kBrick, 0);
  for (const ChannelGroup& members : lowered.groups) {
    for (std::uint32_t f = members.first_filter; f < members.first_filter + members.filters; ++f) {
      const std::int32_t* filter = codes.values.data() + std::size_t{f} * per_group * kernel;
      // A depthwise filter has one channel: its own lane of the brick.
      const std::uint32_t own_lane =
          lowered.is_depthwise ? (f - members.first_filter) / (g.filters / g.channels) : 0;
      const std::uint32_t channels = lowered.is_depthwise ? 1 : members.channels;
      if (kernel == 1 && lowered.fold == 1) {  // channels are consecutive, as lanes are
        std::copy_n(
            filter, channels,
            values_.begin() + static_cast<std::ptrdiff_t>(std::size_t{f} * steps_ * kBrick + own_lane));
        continue;
      }
      for (std::uint32_t i = 0; i < channels; ++i) {
        const Unfolded from = lowered.fold > 1 ? unfold(lowered, i, g.channels) : Unfolded{0, 0, i};
        const std::uint32_t lane = i + own_lane;
        for (std::uint32_t ky = 0; ky < lowered.kernel_height; ++ky) {
          for (std::uint32_t kx = 0; kx < lowered.kernel_width; ++kx) {
            const std::uint32_t r = ky * lowered.fold + from.dy;
            const std::uint32_t s = kx * lowered.fold + from.dx;
            if (r >= g.kernel_height || s >= g.kernel_width) continue;  // the kernel's zero extension
            const std::size_t step = lowered.step_of({ky, kx, lane / kBrick});
            values_[(std::size_t{f} * steps_ + step) * kBrick + lane % kBrick] =
                filter[from.channel * kernel + std::size_t{r} * g.kernel_width + s];
          }
        }
      }
    }
  }
}

void WeightBricks::keep_range(std::uint32_t filter, std::uint32_t first, std::uint32_t last) {
  const std::span all =
      std::span(values_).subspan(std::size_t{filter} * steps_ * kBrick, std::size_t{steps_} * kBrick);
  std::fill(all.begin(), all.begin() + first, 0);
  std::fill(all.begin() + last, all.end(), 0);
}

std::int64_t reference_accumulator(const Layer& layer, const IntTensor& activations, const IntTensor& weights,
                                   std::uint64_t output) {
  const Geometry& g = layer.geometry;
  const bool is_conv = layer.op == Op::conv2d;
  const std::uint64_t filter = is_conv ? output / g.windows() : output % g.filters;
  const std::uint64_t window = is_conv ? output % g.windows() : output / g.filters;
  const std::uint32_t per_group = g.channels / g.groups;
  const auto first_channel = static_cast<std::uint32_t>(filter / (g.filters / g.groups)) * per_group;
  const std::int64_t top = static_cast<std::int64_t>(window / g.out_width) * g.stride_y - g.pad_top;
  const std::int64_t left = static_cast<std::int64_t>(window % g.out_width) * g.stride_x - g.pad_left;
  const std::int32_t* weight = weights.values.data() + filter * per_group * g.kernel_height * g.kernel_width;
  std::int64_t sum = 0;
  for (std::uint32_t c = 0; c < per_group; ++c) {
    for (std::uint32_t r = 0; r < g.kernel_height; ++r) {
      for (std::uint32_t s = 0; s < g.kernel_width; ++s, ++weight) {
        const std::int64_t y = top + std::int64_t{r} * g.dilation_y;
        const std::int64_t x = left + std::int64_t{s} * g.dilation_x;
        const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
        const std::int64_t value =
            inside ? activations.values[code_index(layer, first_channel + c, static_cast<std::uint32_t>(y),
                                                   static_cast<std::uint32_t>(x))]
                   : layer.activation.rep.pad_code;
        sum += value * *weight;
      }
    }
  }
  return sum;
}

std::uint64_t output_index(const Layer& layer, std::uint32_t filter, std::uint64_t window) {
  const Geometry& g = layer.geometry;
  return layer.op == Op::conv2d ? filter * g.windows() + window : window * g.filters + filter;
}

}  // namespace heddle::workload
