// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace heddle::kernel {

// A brick: 16 values that are consecutive along the channel axis.
inline constexpr std::size_t kBrick = 16;

// What width detection needs of a group of values. Two groups merge by OR, so that each brick is summarised
// once and the summaries are merged for every group of bricks. The empty group is {0, 0}.
struct GroupBits {
  std::uint32_t folded = 0;  // OR of (x < 0 ? ~x : x): its highest set bit is the widest value's
  std::uint32_t low = 0;     // OR of the two's-complement values: its lowest set bit is the group's

  friend constexpr bool operator==(const GroupBits&, const GroupBits&) = default;
};

constexpr GroupBits merge(GroupBits a, GroupBits b) {
  return {a.folded | b.folded, a.low | b.low};
}

// The group of any number of values.
GroupBits summarize(std::span<const std::int32_t> values);

// One summary per brick: out[i] of values[16 i .. 16 i + 15]. values.size() == 16 * out.size().
void summarize_bricks(std::span<const std::int32_t> values, std::span<GroupBits> out);

// Serial width in bits, sign included (DPRed, arXiv 1804.06732; Bit-Tactical, arXiv 1803.03688):
// hi + 1 + s - lo, with s = 1 where the layer's input can be negative; an all-zero group has 1. lo is 0
// unless trim_low is on. Without signed_values no value of the group may be negative.
constexpr unsigned width(GroupBits group, bool signed_values, bool trim_low) {
  const auto top = static_cast<unsigned>(std::bit_width(group.folded)) + (signed_values ? 1U : 0U);
  const unsigned cut = trim_low && group.low != 0 ? static_cast<unsigned>(std::countr_zero(group.low)) : 0U;
  return std::max(1U, top - cut);  // a negative power of two: cut is at most top - 1
}

}  // namespace heddle::kernel
