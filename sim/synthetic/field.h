// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/synthetic/draw.h"

namespace heddle::synthetic {

// Uniform 32-bit numbers over the positions of an image, alike where positions are near. A channel is cut
// into cells; a number is that of its cell moved by up to `jitter` of the period, then folded into a
// triangle. The sum of two independent uniform numbers modulo the period is uniform, and so is the fold: each
// number is uniform, whatever the jitter.
class Field {
 public:
  struct Form {
    std::uint32_t height = 1;
    std::uint32_t width = 1;
    std::uint32_t cell = 1;  // positions in each direction
    double jitter = 1;       // 1: every position by itself
  };
  Field(std::uint64_t seed, const std::string& name, const Form& form);

  // `index` counts the values of all channels: (channel * height + y) * width + x.
  struct Position {
    std::uint64_t channel, y, x, index;
  };
  [[nodiscard]] std::uint32_t at(const Position& p) const {
    const std::uint64_t own = own_.at(p.index) >> 32U;
    if (is_independent_) return static_cast<std::uint32_t>(own);
    const std::uint64_t shift = cells_.at(p.channel);  // where the channel's cells begin
    const std::uint64_t row = (p.y + (shift & 0xffffU) % cell_) / cell_;
    const std::uint64_t column = (p.x + (shift >> 16U & 0xffffU) % cell_) / cell_;
    const std::uint64_t cell = values_.at((p.channel * rows_ + row) * columns_ + column) >> 32U;
    const auto moved = static_cast<std::uint32_t>(cell + ((own * jitter_) >> 32U));
    return moved >> 31U != 0 ? ~moved << 1U : moved << 1U;
  }

 private:
  Stream own_;
  Stream cells_;
  Stream values_;
  std::uint64_t cell_;
  std::uint64_t rows_;
  std::uint64_t columns_;
  std::uint64_t jitter_;
  bool is_independent_;
};

}  // namespace heddle::synthetic
