// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/lowering.h"

#include <bit>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::workload {
namespace {

std::uint32_t up(std::uint64_t n, std::uint64_t d) {
  return static_cast<std::uint32_t>(ceil_div(n, d));
}

// Larger than the stride of any image layer; s x s positions must not overflow a channel count.
constexpr std::uint32_t kLargestFold = 1024;

bool is_image_layer(const Layer& layer) {
  const Geometry& g = layer.geometry;
  return layer.op == Op::conv2d && g.channels == 3 && g.groups == 1 && g.stride_y == g.stride_x &&
         g.stride_y > 1 && g.stride_y <= kLargestFold && g.dilation_y == 1 && g.dilation_x == 1;
}

// Depthwise, one rule for all designs: one group per brick of channels, filters on the diagonal of the lanes.
void add_depthwise_groups(const Geometry& g, LoweredLayer& out) {
  const std::uint32_t filters_per_channel = g.filters / g.channels;
  for (std::uint32_t c = 0; c < g.channels; c += out.lanes_in_use()) {
    const std::uint32_t channels = std::min(out.lanes_in_use(), g.channels - c);
    out.groups.push_back({c, channels, c * filters_per_channel, channels * filters_per_channel});
  }
}

// s x s positions become channels: the image is padded, the kernel extended with zeros, and the stride is 1.
void fold(const Geometry& g, ImageLayer mode, LoweredLayer& out) {
  const std::uint32_t s = g.stride_y;
  out.fold = s;
  out.unfolded_height = g.kernel_height;
  out.unfolded_width = g.kernel_width;
  out.kernel_height = up(g.kernel_height, s);
  out.kernel_width = up(g.kernel_width, s);
  out.stride_y = out.stride_x = 1;
  out.padded_height = g.out_height + out.kernel_height - 1;
  out.padded_width = g.out_width + out.kernel_width - 1;
  const std::uint32_t channels = g.channels * s * s;
  out.groups = {{0, channels, 0, g.filters}};
  out.bricks = up(channels, kBrick);
  if (mode == ImageLayer::published) {
    out.bricks = 1;
    out.shapes_only = true;
  }
}

}  // namespace

std::uint32_t LoweredLayer::filters() const {
  std::uint32_t sum = 0;
  for (const auto& group : groups) sum += group.filters;
  return sum;
}

Unfolded unfold(const LoweredLayer& lowered, std::uint32_t folded, std::uint32_t image_channels) {
  const std::uint32_t position = folded / image_channels;
  const std::uint32_t first = position / lowered.fold;
  const std::uint32_t second = position % lowered.fold;
  const bool yxc = lowered.fold_order == FoldOrder::yxc;
  return {yxc ? first : second, yxc ? second : first, folded % image_channels};
}

std::uint16_t LoweredLayer::extension_lanes(std::uint32_t step) const {
  if (!extends_kernel()) return 0;
  const StepAt at = step_at(step);
  const ChannelGroup& group = groups.front();  // a folded layer has one
  std::uint32_t out = 0;
  for (std::uint32_t lane = 0; lane < lanes(group, at.brick); ++lane) {
    const Unfolded from = unfold(*this, at.brick * kBrick + lane, group.channels / (fold * fold));
    const bool is_outside =
        at.ky * fold + from.dy >= unfolded_height || at.kx * fold + from.dx >= unfolded_width;
    if (is_outside) out |= 1U << lane;
  }
  return static_cast<std::uint16_t>(out);
}

std::uint32_t LoweredLayer::weights_in(const ChannelGroup& group, std::uint32_t step) const {
  return slots_in(group, step) -
         static_cast<std::uint32_t>(std::popcount(std::uint32_t{extension_lanes(step)}));
}

LoweredLayer lower(const Layer& layer, const LoweringOptions& options) {
  HEDDLE_CHECK(layer.is_array(), "only array layers are lowered");
  const Geometry& g = layer.geometry;
  LoweredLayer out;
  out.kernel_height = g.kernel_height;
  out.kernel_width = g.kernel_width;
  out.stride_y = g.stride_y;
  out.stride_x = g.stride_x;
  out.dilation_y = g.dilation_y;
  out.dilation_x = g.dilation_x;
  out.padded_height = g.height + g.pad_top + g.pad_bottom;
  out.padded_width = g.width + g.pad_left + g.pad_right;
  out.out_height = g.out_height;
  out.out_width = g.out_width;
  out.fold_order = options.fold_order;
  out.window_order = options.window_order;
  out.kernel_order = options.kernel_order;
  out.is_fully_connected = layer.is_fully_connected();
  out.activation_bits = layer.precision.activation_bits;
  out.weight_bits = layer.precision.weight_bits;

  if (is_image_layer(layer) && options.image_layer != ImageLayer::plain) {
    fold(g, options.image_layer, out);
    return out;
  }
  const bool depthwise = layer.op == Op::conv2d && g.groups > 1 && g.groups == g.channels;
  if (depthwise) {
    HEDDLE_CHECK(options.depthwise_square <= kBrick, "a depthwise square is at most as wide as a brick");
    out.is_depthwise = true;
    out.square = options.depthwise_square;
    add_depthwise_groups(g, out);
    out.bricks = 1;
    return out;
  }
  if (g.groups > 1 && options.groups == Groups::ignored) {
    out.groups = {{0, g.channels, 0, g.filters}};
    out.shapes_only = true;
  } else {
    // The groups of a fully connected layer share the issue of bricks, so they always run in sequence.
    out.is_parallel_groups = options.groups == Groups::parallel && g.groups > 1 && !out.is_fully_connected;
    const std::uint32_t channels = g.channels / g.groups;
    const std::uint32_t filters = g.filters / g.groups;
    for (std::uint32_t i = 0; i < g.groups; ++i)
      out.groups.push_back({i * channels, channels, i * filters, filters});
  }
  out.bricks = up(out.groups.front().channels, kBrick);
  return out;
}

}  // namespace heddle::workload
