// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/term_image.h"

#include <algorithm>

#include "sim/base/parallel.h"

namespace heddle::models::tactical {

TermImage::TermImage(const Params& params, const arch::LayerInput& input)
    : subwords_(input.mapping.composition.columns),
      size_(input.activations->values().size()),
      height_(input.lowered.padded_height),
      width_(input.lowered.padded_width),
      bricks_(input.lowered.bricks) {
  const workload::LoweredLayer& layer = input.lowered;
  for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
    const auto at = layer.step_at(step);
    step_offsets_.push_back(std::size_t{at.ky} * layer.dilation_y * row_size() +
                            std::size_t{at.brick} * arch::kLanes * width_ +
                            std::size_t{at.kx} * layer.dilation_x);
  }
  narrow_.resize(subwords_ * size_);
  has_wide_rows_.resize(size_ / row_size());
  parallel_for(has_wide_rows_.size(),
               [&](std::size_t row) { has_wide_rows_[row] = fill_row(params, input, row) ? 1 : 0; });
  if (std::find(has_wide_rows_.begin(), has_wide_rows_.end(), 1) == has_wide_rows_.end()) return;
  wide_.resize(size_);
  parallel_for(has_wide_rows_.size(), [&](std::size_t row) { fill_row(params, input, row); });
}

// Writes the masks of an image row, and the wide ones where they are allocated. Returns whether a mask has an
// exponent of 16.
bool TermImage::fill_row(const Params& params, const arch::LayerInput& input, std::size_t row) {
  const auto table = kernel::exponent_table(params.encoder);
  const auto values = input.activations->values();
  const unsigned bits = subwords_ == 1 ? 17 : params.array.pe_width;  // of a subword's magnitude
  std::uint32_t all = 0;
  for (std::size_t x = 0; x < width_; ++x) {
    for (std::size_t i = 0; i < bricks_ * arch::kLanes; ++i) {
      const std::size_t from = (row * width_ + x) * bricks_ * arch::kLanes + i;
      const std::size_t to = row * row_size() + i * width_ + x;
      const std::uint32_t magnitude = kernel::magnitude_of(values[from]);
      for (std::uint32_t subword = 0; subword < subwords_; ++subword) {
        const std::uint32_t mask = table[magnitude >> (subword * bits) & ((1U << bits) - 1U)];
        narrow_[subword * size_ + to] = static_cast<std::uint16_t>(mask);
        if (!wide_.empty()) wide_[to] = mask;
        all |= mask;
      }
    }
  }
  return all >> 16U != 0;
}

bool TermImage::needs_wide(const workload::LoweredLayer& layer, std::uint32_t group,
                           const arch::WindowSet& windows) const {
  if (wide_.empty()) return false;
  for (std::uint64_t w = windows.first; w < windows.first + windows.count; ++w) {
    const std::size_t first = group * height_ + std::size_t{layer.window_at(w).y} * layer.stride_y;
    for (std::uint32_t ky = 0; ky < layer.kernel_height; ++ky) {
      if (has_wide_rows_[first + std::size_t{ky} * layer.dilation_y] != 0) return true;
    }
  }
  return false;
}

std::size_t TermImage::origin(const workload::LoweredLayer& layer, std::uint32_t group,
                              std::uint64_t window) const {
  const auto at = layer.window_at(window);
  return (group * height_ + std::size_t{at.y} * layer.stride_y) * row_size() +
         std::size_t{at.x} * layer.stride_x;
}

}  // namespace heddle::models::tactical
