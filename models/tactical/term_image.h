// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/tactical/tactical.h"

namespace heddle::models::tactical {

// The exponents of every activation's terms, one mask per activation, laid out so that a lane of neighbouring
// windows is one copy: [group][y][brick][lane][x]. Values wider than a unit have one image per subword.
class TermImage {
 public:
  TermImage() = default;
  TermImage(const Params& params, const arch::LayerInput& input);

  [[nodiscard]] std::uint32_t subwords() const { return subwords_; }
  // Masks of 16 bits without the exponent 16, to which unsigned 16-bit values may recode; and the masks with
  // it, for where needs_wide() is true.
  [[nodiscard]] const std::uint16_t* narrow(std::uint32_t subword) const {
    return narrow_.data() + subword * size_;
  }
  [[nodiscard]] const std::uint32_t* wide() const { return wide_.data(); }
  // Whether a window may read an exponent of 16. This is rare, and known per image row.
  [[nodiscard]] bool needs_wide(const workload::LoweredLayer& layer, std::uint32_t group,
                                const arch::WindowSet& windows) const;

  // Where a window starts, and the distance from there to a lane of a step.
  [[nodiscard]] std::size_t origin(const workload::LoweredLayer& layer, std::uint32_t group,
                                   std::uint64_t window) const;
  [[nodiscard]] std::size_t offset(std::uint32_t step, std::uint32_t lane) const {
    return step_offsets_[step] + lane * width_;
  }

 private:
  [[nodiscard]] std::size_t row_size() const { return bricks_ * arch::kLanes * width_; }
  bool fill_row(const Params& params, const arch::LayerInput& input, std::size_t row);

  std::uint32_t subwords_ = 1;
  std::size_t size_ = 0;  // of a subword
  std::size_t height_ = 1;
  std::size_t width_ = 1;
  std::size_t bricks_ = 1;
  std::vector<std::size_t> step_offsets_;
  std::vector<std::uint16_t> narrow_;
  std::vector<std::uint32_t> wide_;          // empty where no exponent is 16
  std::vector<std::uint8_t> has_wide_rows_;  // [group][y]
};

}  // namespace heddle::models::tactical
