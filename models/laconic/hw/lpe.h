// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/arch/mapping.h"
#include "sim/hw/bit_true/term_serializer.h"

namespace heddle::models::laconic {

// The operands of one element for one step: a brick of recoded values, sign folded into the terms.
using TermBrick = std::array<kernel::TermMasks, arch::kLanes>;

// A part of each value's magnitude.
TermBrick recode_brick(kernel::Encoder encoder, std::span<const std::int32_t, arch::kLanes> values,
                       const hw::SubwordPlace& part);

// The processing element of Laconic. In each cycle every lane that is not done takes one weight term and one
// activation term, adds their exponents and decodes the sum one-hot. The lanes' one-hot vectors are counted
// in signed buckets N0, N1, ... Buckets six apart are concatenated to a group, which needs no adder because a
// bucket is a 6-bit field in two's complement. A six-input tree adds the groups, group i shifted by i, and
// the result is accumulated.
class Lpe {
 public:
  // Exponents of both operands reach `width` (an unsigned value may recode to +2^width).
  explicit Lpe(std::uint32_t width) : buckets_(2 * width + 1) {}

  void clear() { sum_ = 0; }
  void load(const TermBrick& weights, const TermBrick& activations);
  void clock();
  [[nodiscard]] bool done() const;  // no lane has a pair left
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  static constexpr std::size_t kGroups = 6;
  static constexpr unsigned kFieldBits = 6;  // 16 lanes: a bucket is between -16 and 16

  // A lane walks over the pairs of terms: all activation terms for each weight term.
  struct Lane {
    kernel::TermMasks weight;
    kernel::TermMasks activation;
    std::uint32_t weight_left = 0;
    std::uint32_t activation_left = 0;
  };
  void histogram();
  [[nodiscard]] std::int64_t concatenate(std::size_t group) const;
  [[nodiscard]] std::int64_t add_groups() const;

  std::array<Lane, arch::kLanes> lanes_{};
  std::vector<std::int32_t> buckets_;
  std::int64_t sum_ = 0;
};

}  // namespace heddle::models::laconic
