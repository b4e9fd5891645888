// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/kernel/width.h"

namespace heddle::trace {

// DPRed / ShapeShifter group compression (arXiv 1804.06732): groups of 16 consecutive channels at one (x, y),
// or of 16 consecutive weights, each with its own width P (sign inside P, trim_low off).
//   with zero vector     n + header + nonzeros * P bits
//   without              header + n * P bits
// for a group of n values (n < 16 only at the end of a run); the header holds P - 1 in 4 bits, 3 for 8-bit
// containers. Spatial padding is not stored: callers leave it out of the values.
struct GroupFormat {
  unsigned container_bits = 16;  // 8 or 16
  bool signed_values = true;     // per tensor: whether any of its values can be negative
  [[nodiscard]] constexpr unsigned header_bits() const { return container_bits == 8 ? 3U : 4U; }
};

enum class GroupForm : std::uint8_t { zero_vector, plain };

// Size of a group of `count` values whose summary is `bits` and of which `nonzeros` are not zero.
constexpr unsigned group_bits(GroupFormat format, GroupForm form, kernel::GroupBits bits, unsigned count,
                              unsigned nonzeros) {
  const unsigned p = width(bits, format.signed_values, false);
  if (form == GroupForm::zero_vector) return count + format.header_bits() + nonzeros * p;
  return format.header_bits() + count * p;
}

struct CodecSize {
  Bits zero_vector;
  Bits plain;
  // The smaller form, in which a design that can choose stores a tensor; the zero vector on a tie.
  [[nodiscard]] constexpr GroupForm cheaper() const {
    return plain < zero_vector ? GroupForm::plain : GroupForm::zero_vector;
  }
  [[nodiscard]] constexpr Bits cheaper_bits() const { return std::min(zero_vector, plain); }
};

// Both sizes of a tensor. Values are runs of run_length (channels at one position, weights of one filter's
// position); a group never spans two runs. values.size() is a multiple of run_length > 0. The values fit the
// container.
CodecSize codec_size(GroupFormat format, std::span<const std::int32_t> values, std::size_t run_length);

// The stored bits themselves, least significant bit of each byte first: per group the zero vector (bit i set
// where value i is zero), the header, then the values in order, low bit first; zero bits fill the last byte.
// Throws Error(workload) for a value that the container does not hold.
std::vector<std::byte> encode_groups(GroupFormat format, GroupForm form, std::span<const std::int32_t> values,
                                     std::size_t run_length);

// The inverse: fills `values`. Accepts exactly what encode_groups writes; a stream that is truncated, too
// long, or wider than its values need throws Error(workload) and leaves `values` unspecified.
void decode_groups(GroupFormat format, GroupForm form, std::span<const std::byte> stream,
                   std::span<std::int32_t> values, std::size_t run_length);

}  // namespace heddle::trace
