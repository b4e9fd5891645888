// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::workload {

inline constexpr std::uint32_t kBrick =
    16;  // values consecutive along the channel axis (docs/rules.md#bricks)

enum class ImageLayer { plain, folded, published };
enum class FoldOrder { yxc, xyc };                   // channel index (dy*s+dx)*C+c, or DNNsim's (dx*s+dy)*C+c
enum class WindowOrder { row_major, column_major };  // DNNsim's windows run down the columns
enum class KernelOrder { row_major, column_major };  // of a window's steps: ky before kx, or kx before ky
enum class Groups { sequential, parallel, ignored };

struct LoweringOptions {
  ImageLayer image_layer = ImageLayer::folded;
  FoldOrder fold_order = FoldOrder::yxc;
  Groups groups = Groups::sequential;
  WindowOrder window_order = WindowOrder::row_major;
  KernelOrder kernel_order = KernelOrder::row_major;
  // Depthwise layers use a square of this many lanes and rows, at most 16; 0: 16 lanes and any number of
  // rows.
  std::uint32_t depthwise_square = 0;
};

// Channels and the filters that read them: one for a plain layer, one per group of a grouped convolution, one
// per brick of a depthwise convolution (16 channels, or the number of lanes of its square).
struct ChannelGroup {
  std::uint32_t first_channel = 0;  // of the folded image
  std::uint32_t channels = 0;
  std::uint32_t first_filter = 0;
  std::uint32_t filters = 0;
};

// A layer as the arrays see it: folded, grouped, cut into windows, steps and bricks. All groups have the
// same number of steps. Padding is counted in the image: positions are those of the padded input.
struct LoweredLayer {
  std::vector<ChannelGroup> groups;
  std::uint32_t bricks = 1;         // per position and group: ceil(channels / 16)
  std::uint32_t kernel_height = 1;  // after folding
  std::uint32_t kernel_width = 1;
  std::uint32_t stride_y = 1;
  std::uint32_t stride_x = 1;
  std::uint32_t dilation_y = 1;
  std::uint32_t dilation_x = 1;
  std::uint32_t padded_height = 1;  // positions of the padded, folded image
  std::uint32_t padded_width = 1;
  std::uint32_t out_height = 1;
  std::uint32_t out_width = 1;
  std::uint32_t fold = 1;             // s of an s x s folding, 1: none
  std::uint32_t unfolded_height = 1;  // of the kernel before folding, of a folded layer
  std::uint32_t unfolded_width = 1;
  FoldOrder fold_order = FoldOrder::yxc;
  WindowOrder window_order = WindowOrder::row_major;
  KernelOrder kernel_order = KernelOrder::row_major;
  bool is_depthwise = false;
  std::uint32_t square = 0;  // LoweringOptions::depthwise_square, of a depthwise layer
  bool is_fully_connected = false;
  bool is_parallel_groups = false;
  unsigned activation_bits =
      16;  // Pa and Pw of the layer, for arrays that compose wide values of narrow elements
  unsigned weight_bits = 16;
  bool shapes_only = false;  // `published` or `ignored`: counted from shapes, cannot hold values

  [[nodiscard]] std::uint32_t steps() const { return kernel_height * kernel_width * bricks; }
  [[nodiscard]] std::uint64_t windows() const { return std::uint64_t{out_height} * out_width; }
  [[nodiscard]] std::uint32_t filters() const;  // all groups
  // Lanes that weights can be packed into.
  [[nodiscard]] std::uint32_t lanes_in_use() const { return square > 0 ? square : kBrick; }
  // The output position of window `w` in this layer's order.
  struct Position {
    std::uint32_t y, x;
  };
  [[nodiscard]] Position window_at(std::uint64_t w) const {
    if (window_order == WindowOrder::column_major) {
      return {static_cast<std::uint32_t>(w % out_height), static_cast<std::uint32_t>(w / out_height)};
    }
    return {static_cast<std::uint32_t>(w / out_width), static_cast<std::uint32_t>(w % out_width)};
  }
  // The same window counted in row-major order, as outputs are stored.
  [[nodiscard]] std::uint64_t row_major_window(std::uint64_t w) const {
    const Position at = window_at(w);
    return std::uint64_t{at.y} * out_width + at.x;
  }
  // Where step t of a window reads: kernel row, kernel column, brick (order ky, kx, channel brick, or kx,
  // ky, channel brick).
  struct StepAt {
    std::uint32_t ky, kx, brick;
  };
  [[nodiscard]] StepAt step_at(std::uint32_t step) const {
    if (kernel_order == KernelOrder::column_major)
      return {step / bricks % kernel_height, step / (bricks * kernel_height), step % bricks};
    return {step / (bricks * kernel_width), step / bricks % kernel_width, step % bricks};
  }
  [[nodiscard]] std::uint32_t step_of(const StepAt& at) const {
    const std::uint32_t position = kernel_order == KernelOrder::column_major ? at.kx * kernel_height + at.ky
                                                                             : at.ky * kernel_width + at.kx;
    return position * bricks + at.brick;
  }
  // Lanes of a brick that hold channels of the group (the last brick may be short).
  [[nodiscard]] std::uint32_t lanes(const ChannelGroup& group, std::uint32_t brick) const {
    const std::uint32_t left = group.channels - std::min(group.channels, brick * kBrick);
    return left < kBrick ? left : kBrick;
  }
  // Whether folding extends the kernel with zeros, so that some lanes of a step have a channel but no weight.
  // A published count has more products than lanes and keeps them all.
  [[nodiscard]] bool extends_kernel() const {
    return fold > 1 && !shapes_only && (unfolded_height % fold != 0 || unfolded_width % fold != 0);
  }
  // Lanes of a step that hold one of those zeros, as a mask.
  [[nodiscard]] std::uint16_t extension_lanes(std::uint32_t step) const;
  // Lanes of a step in which a filter of the group has a weight of the layer, and in which it has a lane at
  // all: the same lanes and those of the kernel's extension. A depthwise filter has one, its own.
  [[nodiscard]] std::uint32_t weights_in(const ChannelGroup& group, std::uint32_t step) const;
  [[nodiscard]] std::uint32_t slots_in(const ChannelGroup& group, std::uint32_t step) const {
    return is_depthwise ? 1 : lanes(group, step_at(step).brick);
  }
};

// A folded channel: its position (dy, dx) and which channel of the image it is.
struct Unfolded {
  std::uint32_t dy, dx, channel;
};
Unfolded unfold(const LoweredLayer& lowered, std::uint32_t folded, std::uint32_t image_channels);

LoweredLayer lower(const Layer& layer, const LoweringOptions& options);

}  // namespace heddle::workload
