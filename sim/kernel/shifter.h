// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace heddle::kernel {

// Pragmatic's column (MICRO'17): each lane holds the exponents of one activation's terms, as a bit mask,
// and supplies them in ascending order. In each cycle m is the smallest head over the lanes; every lane whose
// head e has e - m < 2^first_stage_bits consumes it. A column takes at least one cycle.
//
// DNNsim's variant (minimum offset over the lanes; each lane drops its lowest bit within [m, m + 2^b - 1])
// is the same rule: no lane has a bit below m, so its lowest bit in the window is its head or none.

inline constexpr std::size_t kMaxColumnLanes = 1024;  // bounds the working copy on the stack
inline constexpr std::size_t kMaxBulkLanes = 256;

// Cycles of one column of any number of lanes up to kMaxColumnLanes; masks below 2^17.
unsigned column_cycles(std::span<const std::uint32_t> exponent_masks, unsigned first_stage_bits);

// Cycles of many columns of equal shape: out[i] from exponent_masks[i * lanes .. (i + 1) * lanes - 1].
// lanes is a multiple of 4 up to kMaxBulkLanes.
void column_cycles(std::span<const std::uint32_t> exponent_masks, std::size_t lanes,
                   unsigned first_stage_bits, std::span<std::uint8_t> out);

// The same for bricks: 16 lanes per column.
void brick_cycles(std::span<const std::uint32_t> exponent_masks, unsigned first_stage_bits,
                  std::span<std::uint8_t> out);

// Cycles of up to kShifterColumns columns that are laid out lane by lane: state[lane * kShifterColumns + c]
// is the mask of column c, so that one lane of neighbouring windows is filled by one copy. Columns beyond
// out.size() must be empty. The state is consumed; any number of lanes. Returns the number of exponents.
// Masks of 16 bits are twice as fast; exponent 16 (unsigned 16-bit values may recode to it) needs 32.
inline constexpr std::size_t kShifterColumns = 16;
std::uint64_t lane_cycles(std::span<std::uint16_t> state, unsigned first_stage_bits,
                          std::span<std::uint8_t> out);
std::uint64_t lane_cycles(std::span<std::uint32_t> state, unsigned first_stage_bits,
                          std::span<std::uint8_t> out);

// One cycle, for bit-true arrays: removes from each lane the exponent that it consumes, writes it to
// `consumed` as a one-hot mask (0: the lane waits) and returns m, or nothing when no lane holds an exponent.
// consumed.size() == exponent_masks.size().
std::optional<unsigned> shifter_step(std::span<std::uint32_t> exponent_masks, unsigned first_stage_bits,
                                     std::span<std::uint32_t> consumed);

}  // namespace heddle::kernel
