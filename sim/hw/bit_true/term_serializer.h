// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "sim/base/error.h"
#include "sim/hw/bit_true/subword_place.h"
#include "sim/kernel/terms.h"

namespace heddle::hw {

// The terms of a subword of the value's magnitude, the value's sign included.
kernel::TermMasks terms_of_subword(kernel::Encoder encoder, std::int32_t value, const SubwordPlace& subword);

// What a lane's wire carries in a cycle: nothing, or plus or minus 2^offset relative to its serializer's
// base.
struct Digit {
  std::int8_t sign = 0;
  std::uint8_t offset = 0;
  friend bool operator==(const Digit&, const Digit&) = default;
};

// Sends one subword of the magnitudes of a group of values, term after term: one encoder per value, and the
// control that finds the smallest exponent at the head of any (sim/kernel/shifter.h).
class TermSerializer {
 public:
  // Forgets the group.
  void begin(const SubwordPlace& subword);
  // Joins a value to the group.
  void see(kernel::Encoder encoder, std::int32_t value);
  // One cycle: send(i, digit) for every value that has a term. Returns whether terms are left.
  template <class Send>
  bool step(unsigned first_stage_bits, const Send& send) {
    const unsigned common = take(first_stage_bits);
    std::uint32_t left = 0;
    for (std::size_t i = 0; i < consumed_.size(); ++i) {
      left |= exponents_[i];
      const std::uint32_t term = consumed_[i];
      if (term == 0) continue;
      const unsigned offset = static_cast<unsigned>(std::countr_zero(term)) - common;
      HEDDLE_CHECK(offset < 1U << first_stage_bits, "a term beyond the first stage's reach");
      const std::int8_t sign = (term & negative_[i]) != 0 ? -1 : 1;
      send(i, Digit{sign, static_cast<std::uint8_t>(offset)});
    }
    return left != 0;
  }
  // Place of that cycle's offset 0, the subword's own included.
  [[nodiscard]] std::uint8_t base() const { return base_; }

 private:
  // Moves what each value sends in this cycle to consumed_. Returns the smallest exponent.
  unsigned take(unsigned first_stage_bits);

  SubwordPlace subword_;
  std::vector<std::uint32_t> exponents_;  // still to send
  std::vector<std::uint32_t> negative_;   // which of them count negative
  std::vector<std::uint32_t> consumed_;
  std::uint8_t base_ = 0;
};

}  // namespace heddle::hw
