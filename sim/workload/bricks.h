// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/workload/int_tensor.h"
#include "sim/workload/lowering.h"

namespace heddle::workload {

using Brick = std::span<const std::int32_t, kBrick>;

// The padded, folded image of one sample in the order the arrays read it: [group][y][x][brick][lane].
// Lanes without a channel hold 0; spatial padding holds the code of zero. 4 bytes per value.
class ActivationBricks {
 public:
  ActivationBricks(const Layer& layer, const LoweredLayer& lowered, const IntTensor& codes);

  [[nodiscard]] std::size_t index(std::uint32_t group, std::uint32_t y, std::uint32_t x,
                                  std::uint32_t brick) const {
    return ((std::size_t{group} * height_ + y) * width_ + x) * bricks_ + brick;
  }
  [[nodiscard]] Brick brick(std::size_t index) const {
    return Brick(values_.data() + index * kBrick, kBrick);
  }
  [[nodiscard]] std::span<const std::int32_t> values() const { return values_; }
  [[nodiscard]] std::size_t count() const { return values_.size() / kBrick; }

 private:
  std::size_t height_;
  std::size_t width_;
  std::size_t bricks_;
  std::vector<std::int32_t> values_;
};

// The index of the activation brick that window (oy, ox) reads in a step.
inline std::size_t brick_index(const ActivationBricks& image, const LoweredLayer& layer, std::uint32_t group,
                               std::uint64_t window, std::uint32_t step) {
  const auto at = layer.step_at(step);
  const auto out = layer.window_at(window);
  return image.index(group, out.y * layer.stride_y + at.ky * layer.dilation_y,
                     out.x * layer.stride_x + at.kx * layer.dilation_x, at.brick);
}

// Weights as the arrays read them: [filter][step][lane]. Depthwise filters are zero outside their lane.
class WeightBricks {
 public:
  WeightBricks(const Layer& layer, const LoweredLayer& lowered, const IntTensor& codes);

  [[nodiscard]] Brick brick(std::uint32_t filter, std::uint32_t step) const {
    return Brick(values_.data() + (std::size_t{filter} * steps_ + step) * kBrick, kBrick);
  }
  [[nodiscard]] std::span<const std::int32_t> values() const { return values_; }
  [[nodiscard]] std::uint32_t steps() const { return steps_; }
  // Zeroes the weights of the filter outside [first, last), indices step * 16 + lane (for finding a wrong
  // lane).
  void keep_range(std::uint32_t filter, std::uint32_t first, std::uint32_t last);

 private:
  std::uint32_t steps_;
  std::vector<std::int32_t> values_;
};

// One accumulator in integer arithmetic on the tensors as the trace holds them, independent of lowering: the
// sum of products of decoded integers, without bias. `output` is a flat index into (K,OH,OW) or (M,K).
std::int64_t reference_accumulator(const Layer& layer, const IntTensor& activations, const IntTensor& weights,
                                   std::uint64_t output);

// Flat output index of a filter and a row-major window, as the layer's accumulators are laid out.
std::uint64_t output_index(const Layer& layer, std::uint32_t filter, std::uint64_t window);

}  // namespace heddle::workload
