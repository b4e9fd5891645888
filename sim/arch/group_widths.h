// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/values.h"

namespace heddle::arch {

// Widths of groups of 16 weights that a configuration assumes for layers whose trace has neither widths nor
// weights (section `group_widths`, docs/configuration.md#group-widths).
class AssumedWidths {
 public:
  AssumedWidths() = default;  // assumes nothing

  static config::Declaration declaration();
  // Throws Error(config) where the section states a mean and a histogram, or a histogram that is none.
  static AssumedWidths from(const config::Document& document, const config::Values& section);

  [[nodiscard]] bool is_stated() const { return !text_.empty(); }
  // What is assumed, in words.
  [[nodiscard]] const std::string& text() const { return text_; }
  // A width for each of `groups` groups, at most `widest`. Each width has its share of the groups, rounded to
  // whole groups, and is spread evenly over them; the same groups always get the same widths.
  [[nodiscard]] std::vector<std::uint8_t> assign(std::size_t groups, unsigned widest) const;

 private:
  static constexpr unsigned kWidest = 16;
  std::array<double, kWidest + 1> shares_{};  // by width in bits; they sum to 1
  std::string text_;
};

}  // namespace heddle::arch
