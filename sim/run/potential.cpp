// SPDX-License-Identifier: Apache-2.0
#include "sim/run/potential.h"

#include <algorithm>
#include <vector>

#include "sim/base/error.h"
#include "sim/kernel/width.h"

namespace heddle::run {
namespace {

using workload::Geometry;
using workload::IntTensor;
using workload::Layer;

// What one activation contributes to each count, or all activations that meet one kernel position.
struct ActivationSums {
  std::uint64_t non_zero = 0;
  std::uint64_t width = 0;
  std::uint64_t terms = 0;
};
struct WeightSums {
  std::uint64_t non_zero = 0;
  std::uint64_t terms = 0;
};

// The padded image, with the contributions of each value: [channel][y][x].
class WeighedImage {
 public:
  WeighedImage(const Layer& layer, const IntTensor& codes, kernel::Encoder encoder)
      : g_(layer.geometry),
        is_conv_(layer.op == workload::Op::conv2d),
        codes_(codes),
        pad_(layer.activation.rep.pad_code) {
    const auto table = kernel::term_count_table(encoder);
    height_ = std::size_t{g_.height} + g_.pad_top + g_.pad_bottom;
    width_ = std::size_t{g_.width} + g_.pad_left + g_.pad_right;
    terms_.resize(g_.channels * height_ * width_);
    widths_.resize(terms_.size());
    const std::uint32_t per_group = g_.channels / g_.groups;
    for (std::uint32_t first = 0; first < g_.channels;) {
      // 16 channels that are consecutive within a group of the convolution.
      const auto left = static_cast<std::uint32_t>(kernel::kBrick);
      const std::uint32_t end = std::min(first + left, first - first % per_group + per_group);
      weigh_channels(first, end, table, layer.activation.rep.is_signed);
      first = end;
    }
  }

  [[nodiscard]] ActivationSums over_windows(std::uint32_t channel, std::uint32_t ky, std::uint32_t kx) const {
    ActivationSums out;
    for (std::uint32_t oy = 0; oy < g_.out_height; ++oy) {
      const std::size_t y = std::size_t{oy} * g_.stride_y + std::size_t{ky} * g_.dilation_y;
      std::size_t at = (channel * height_ + y) * width_ + std::size_t{kx} * g_.dilation_x;
      for (std::uint32_t ox = 0; ox < g_.out_width; ++ox, at += g_.stride_x) {
        out.non_zero += terms_[at] != 0 ? 1U : 0U;  // every encoder gives a non-zero value a term
        out.terms += terms_[at];
        out.width += widths_[at];
      }
    }
    return out;
  }

 private:
  [[nodiscard]] std::int32_t value(std::uint32_t channel, std::size_t y, std::size_t x) const {
    if (y < g_.pad_top || x < g_.pad_left || y - g_.pad_top >= g_.height || x - g_.pad_left >= g_.width)
      return pad_;
    const std::size_t image_y = y - g_.pad_top;
    const std::size_t image_x = x - g_.pad_left;
    return codes_.values[is_conv_ ? (std::size_t{channel} * g_.height + image_y) * g_.width + image_x
                                  : image_x * g_.channels + channel];
  }

  void weigh_channels(std::uint32_t first, std::uint32_t end, std::span<const std::uint8_t> table,
                      bool is_signed) {
    std::vector<std::int32_t> brick(end - first);
    for (std::size_t y = 0; y < height_; ++y) {
      for (std::size_t x = 0; x < width_; ++x) {
        for (std::uint32_t c = first; c < end; ++c) brick[c - first] = value(c, y, x);
        const auto width =
            static_cast<std::uint8_t>(kernel::width(kernel::summarize(brick), is_signed, true));
        for (std::uint32_t c = first; c < end; ++c) {
          const std::size_t at = (c * height_ + y) * width_ + x;
          terms_[at] = table[kernel::magnitude_of(brick[c - first])];
          widths_[at] = width;
        }
      }
    }
  }

  const Geometry& g_;
  bool is_conv_;
  const IntTensor& codes_;
  std::int32_t pad_;
  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::vector<std::uint8_t> terms_;
  std::vector<std::uint8_t> widths_;
};

// Sums over the filters of each group, [channel of all groups][ky][kx].
std::vector<WeightSums> over_filters(const Layer& layer, const IntTensor& weights, kernel::Encoder encoder) {
  const Geometry& g = layer.geometry;
  const auto table = kernel::term_count_table(encoder);
  const std::size_t filter_size = std::size_t{g.channels / g.groups} * g.kernel_height * g.kernel_width;
  std::vector<WeightSums> out(filter_size * g.groups);
  for (std::uint32_t f = 0; f < g.filters; ++f) {
    const std::int32_t* values = weights.values.data() + f * filter_size;
    WeightSums* sums = out.data() + f / (g.filters / g.groups) * filter_size;
    for (std::size_t i = 0; i < filter_size; ++i) {
      const std::uint8_t terms = table[kernel::magnitude_of(values[i])];
      sums[i].terms += terms;
      sums[i].non_zero += terms != 0 ? 1U : 0U;
    }
  }
  return out;
}

}  // namespace

Potential& Potential::operator+=(const Potential& other) {
  macs += other.macs;
  dense += other.dense;
  activation_precision += other.activation_precision;
  both_precisions += other.both_precisions;
  skip_zero_activations += other.skip_zero_activations;
  skip_zero_weights += other.skip_zero_weights;
  skip_zeros += other.skip_zeros;
  dynamic_precision += other.dynamic_precision;
  activation_terms += other.activation_terms;
  both_terms += other.both_terms;
  return *this;
}

Potential shape_potential(const Layer& layer, const PotentialOptions& options) {
  const std::uint64_t bits = options.container_bits;
  Potential out;
  out.macs = layer.geometry.macs();
  out.dense = out.macs * bits * bits;
  out.activation_precision = out.macs * layer.precision.activation_bits * bits;
  out.both_precisions = out.macs * layer.precision.activation_bits * layer.precision.weight_bits;
  return out;
}

Potential potential(const Layer& layer, const IntTensor& activations, const IntTensor& weights,
                    const PotentialOptions& options) {
  HEDDLE_CHECK(layer.is_array(), "only array layers have products");
  const Geometry& g = layer.geometry;
  const std::uint64_t bits = options.container_bits;
  const WeighedImage image(layer, activations, options.encoder);
  const auto by_position = over_filters(layer, weights, options.encoder);
  const std::uint64_t filters = g.filters / g.groups;
  Potential out = shape_potential(layer, options);
  std::size_t at = 0;
  for (std::uint32_t c = 0; c < g.channels; ++c) {
    for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
      for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx, ++at) {
        const ActivationSums a = image.over_windows(c, ky, kx);
        const WeightSums& w = by_position[at];
        out.skip_zero_activations += a.non_zero * filters * bits * bits;
        out.skip_zero_weights += w.non_zero * g.windows() * bits * bits;
        out.skip_zeros += a.non_zero * w.non_zero * bits * bits;
        out.dynamic_precision += a.width * filters * bits;
        out.activation_terms += a.terms * filters * bits;
        out.both_terms += a.terms * w.terms;
      }
    }
  }
  return out;
}

}  // namespace heddle::run
