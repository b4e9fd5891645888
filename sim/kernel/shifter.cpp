// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/shifter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "sim/base/error.h"
#include "sim/kernel/width.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/kernel/shifter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace heddle::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void ColumnCycles(const std::uint32_t* masks, std::size_t columns, std::size_t lanes,
                  unsigned first_stage_bits, std::uint8_t* out) {
  for (std::size_t i = 0; i < columns; ++i) {
    out[i] = static_cast<std::uint8_t>(column_cycles({masks + i * lanes, lanes}, first_stage_bits));
  }
}

#else

// One column per vector element, so that the minimum over the lanes is a plain vertical OR.
using Columns = hn::CappedTag<std::uint32_t, 16>;
constexpr std::size_t kMaxColumns = hn::MaxLanes(Columns());

// state[lane][column] of `count` columns from masks[column][lane], in 4 x 4 tiles; columns beyond count stay
// empty. The cycles do not depend on the order of the lanes, but it is kept.
HWY_INLINE void Transpose(const std::uint32_t* HWY_RESTRICT masks, std::size_t count, std::size_t lanes,
                          std::size_t stride, std::uint32_t* HWY_RESTRICT state) {
  const hn::FixedTag<std::uint32_t, 4> d;
  const hn::FixedTag<std::uint64_t, 2> pairs;
  for (std::size_t c = 0; c < stride; c += 4) {
    const auto row = [&](std::size_t i, std::size_t lane) HWY_ATTR {
      return c + i < count ? hn::LoadU(d, masks + (c + i) * lanes + lane) : hn::Zero(d);
    };
    for (std::size_t lane = 0; lane < lanes; lane += 4) {
      const auto r0 = row(0, lane);
      const auto r1 = row(1, lane);
      const auto r2 = row(2, lane);
      const auto r3 = row(3, lane);
      const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
      const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
      const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
      const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
      std::uint32_t* to = state + lane * stride + c;
      hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + stride);
      hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * stride);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * stride);
    }
  }
}

// The cycles of the columns in `state`, `stride` words per lane, whose exponents are in `any`; consumes the
// state. The window above the smallest head m is 2^m * (2^reach - 1): the head's own bit times a constant,
// without a bit scan. A reach of the whole word would shift out of it; first stages that span every exponent
// use the head's bit and all above it.
template <class D, class T = hn::TFromD<D> >
HWY_INLINE hn::Vec<D> Drain(D d, T* HWY_RESTRICT state, std::size_t stride, std::size_t lanes,
                            unsigned first_stage_bits, hn::Vec<D> any) {
  constexpr unsigned kFullReach = sizeof(T) == 2 ? 4 : 5;
  const auto zero = hn::Zero(d);
  const bool covers = first_stage_bits >= kFullReach;
  const int reach = covers ? 0 : 1 << first_stage_bits;
  auto cycles = zero;
  while (!hn::AllTrue(d, hn::Eq(any, zero))) {
    cycles = hn::Sub(cycles, hn::VecFromMask(d, hn::Ne(any, zero)));
    const auto head = hn::And(any, hn::Sub(zero, any));
    const auto above = covers ? zero : hn::ShiftLeftSame(head, reach);
    const auto window = hn::Sub(above, head);
    any = zero;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      T* HWY_RESTRICT at = state + lane * stride;
      const auto x = hn::LoadU(d, at);
      const auto rest = hn::Xor(x, hn::And(hn::And(x, hn::Sub(zero, x)), window));
      hn::StoreU(rest, d, at);
      any = hn::Or(any, rest);
    }
  }
  return hn::Max(cycles, hn::Set(d, T{1}));
}

void ColumnCycles(const std::uint32_t* HWY_RESTRICT masks, std::size_t columns, std::size_t lanes,
                  unsigned first_stage_bits, std::uint8_t* HWY_RESTRICT out) {
  const Columns d;
  HWY_ALIGN std::uint32_t state[kMaxBulkLanes * kMaxColumns];
  HWY_ALIGN std::uint32_t cycles[kMaxColumns];
  const std::size_t stride = hn::Lanes(d);
  for (std::size_t i = 0; i < columns; i += stride) {
    const std::size_t count = std::min(stride, columns - i);
    Transpose(masks + i * lanes, count, lanes, stride, state);
    auto any = hn::Zero(d);
    for (std::size_t lane = 0; lane < lanes; ++lane) any = hn::Or(any, hn::Load(d, state + lane * stride));
    hn::Store(Drain(d, state, stride, lanes, first_stage_bits, any), d, cycles);
    for (std::size_t c = 0; c < count; ++c) out[i + c] = static_cast<std::uint8_t>(cycles[c]);
  }
}

#endif

#if HWY_TARGET == HWY_SCALAR

template <class T>
std::uint64_t LaneCycles(T* state, std::size_t lanes, unsigned first_stage_bits, std::uint8_t* out,
                         std::size_t columns) {
  std::uint64_t exponents = 0;
  std::vector<std::uint32_t> column(lanes);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      column[lane] = state[lane * kShifterColumns + c];
      state[lane * kShifterColumns + c] = 0;
      exponents += static_cast<std::uint64_t>(std::popcount(column[lane]));
    }
    out[c] = static_cast<std::uint8_t>(column_cycles(column, first_stage_bits));
  }
  return exponents;
}

#else

// Cycles of the columns of one vector, which start at `state`; returns the number of their exponents.
template <class D, class T = hn::TFromD<D> >
HWY_INLINE std::uint64_t LaneCyclesOf(D d, T* HWY_RESTRICT state, std::size_t lanes,
                                      unsigned first_stage_bits, T* HWY_RESTRICT cycles_out) {
  const auto zero = hn::Zero(d);
  auto any = zero;
  auto count = zero;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const auto x = hn::LoadU(d, state + lane * kShifterColumns);
    any = hn::Or(any, x);
    count = hn::Add(count, hn::PopulationCount(x));  // 17 bits per lane, 256 lanes: no overflow
  }
  HWY_ALIGN T counts[hn::MaxLanes(d)];
  hn::Store(count, d, counts);
  std::uint64_t exponents = 0;
  for (std::size_t c = 0; c < hn::Lanes(d); ++c) exponents += counts[c];
  if (first_stage_bits == 0) {  // every distinct exponent takes a cycle
    for (std::size_t lane = 0; lane < lanes; ++lane) hn::StoreU(zero, d, state + lane * kShifterColumns);
    hn::StoreU(hn::Max(hn::PopulationCount(any), hn::Set(d, T{1})), d, cycles_out);
    return exponents;
  }
  hn::StoreU(Drain(d, state, kShifterColumns, lanes, first_stage_bits, any), d, cycles_out);
  return exponents;
}

template <class T>
std::uint64_t LaneCycles(T* HWY_RESTRICT state, std::size_t lanes, unsigned first_stage_bits,
                         std::uint8_t* HWY_RESTRICT out, std::size_t columns) {
  const hn::CappedTag<T, kShifterColumns> d;
  HWY_ALIGN T cycles[kShifterColumns];
  std::uint64_t exponents = 0;
  for (std::size_t c = 0; c < columns; c += hn::Lanes(d))
    exponents += LaneCyclesOf(d, state + c, lanes, first_stage_bits, cycles + c);
  for (std::size_t c = 0; c < columns; ++c) out[c] = static_cast<std::uint8_t>(cycles[c]);
  return exponents;
}

#endif

std::uint64_t LaneCycles16(std::uint16_t* state, std::size_t lanes, unsigned first_stage_bits,
                           std::uint8_t* out, std::size_t columns) {
  return LaneCycles(state, lanes, first_stage_bits, out, columns);
}
std::uint64_t LaneCycles32(std::uint32_t* state, std::size_t lanes, unsigned first_stage_bits,
                           std::uint8_t* out, std::size_t columns) {
  return LaneCycles(state, lanes, first_stage_bits, out, columns);
}

// With a reach of one, each distinct exponent takes one cycle.
void DistinctExponents(const std::uint32_t* HWY_RESTRICT masks, std::size_t columns, std::size_t lanes,
                       std::uint8_t* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < columns; ++i, masks += lanes) {
    std::uint32_t any = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) any |= masks[lane];
    out[i] = static_cast<std::uint8_t>(std::max(1, std::popcount(any)));
  }
}

}  // namespace heddle::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace heddle::kernel {

HWY_EXPORT(ColumnCycles);
HWY_EXPORT(DistinctExponents);
HWY_EXPORT(LaneCycles16);
HWY_EXPORT(LaneCycles32);

namespace {

// The window of exponents that may be consumed with the lowest head `head` (one-hot).
constexpr std::uint32_t window_above(std::uint32_t head, unsigned first_stage_bits) {
  if (first_stage_bits > 4) return 0U - head;
  return (head << (1U << first_stage_bits)) - head;
}

unsigned most_exponents(std::span<const std::uint32_t> masks) {
  int most = 0;
  for (const std::uint32_t x : masks) most = std::max(most, std::popcount(x));
  return static_cast<unsigned>(most);
}

}  // namespace

unsigned column_cycles(std::span<const std::uint32_t> exponent_masks, unsigned first_stage_bits) {
  HEDDLE_CHECK(exponent_masks.size() <= kMaxColumnLanes, "a column has too many lanes");
  std::uint32_t any = 0;
  for (const std::uint32_t x : exponent_masks) any |= x;
  if (first_stage_bits == 0) return std::max(1U, static_cast<unsigned>(std::popcount(any)));
  std::array<std::uint32_t, kMaxColumnLanes> copy;
  const std::span<std::uint32_t> lanes(copy.data(), exponent_masks.size());
  std::copy(exponent_masks.begin(), exponent_masks.end(), lanes.begin());
  unsigned cycles = 0;
  while (any != 0) {
    const std::uint32_t head = any & (0U - any);
    const std::uint32_t window = window_above(head, first_stage_bits);
    // Once one window holds all remaining exponents, every lane supplies one term per cycle.
    if ((any & ~window) == 0) return cycles + most_exponents(lanes);
    ++cycles;
    any = 0;
    for (std::uint32_t& x : lanes) {
      x ^= x & (0U - x) & window;
      any |= x;
    }
  }
  return std::max(1U, cycles);
}

void column_cycles(std::span<const std::uint32_t> exponent_masks, std::size_t lanes,
                   unsigned first_stage_bits, std::span<std::uint8_t> out) {
  HEDDLE_CHECK(lanes > 0 && lanes % 4 == 0 && lanes <= kMaxBulkLanes,
               "bulk columns have a multiple of 4 lanes, at most kMaxBulkLanes");
  HEDDLE_CHECK(exponent_masks.size() == out.size() * lanes, "masks are whole columns");
  if (first_stage_bits == 0) {
    HWY_DYNAMIC_DISPATCH(DistinctExponents)(exponent_masks.data(), out.size(), lanes, out.data());
  } else {
    HWY_DYNAMIC_DISPATCH(ColumnCycles)
    (exponent_masks.data(), out.size(), lanes, first_stage_bits, out.data());
  }
}

void brick_cycles(std::span<const std::uint32_t> exponent_masks, unsigned first_stage_bits,
                  std::span<std::uint8_t> out) {
  column_cycles(exponent_masks, kBrick, first_stage_bits, out);
}

std::uint64_t lane_cycles(std::span<std::uint16_t> state, unsigned first_stage_bits,
                          std::span<std::uint8_t> out) {
  HEDDLE_CHECK(state.size() % kShifterColumns == 0 && out.size() <= kShifterColumns,
               "the state is whole lanes");
  return HWY_DYNAMIC_DISPATCH(LaneCycles16)(state.data(), state.size() / kShifterColumns, first_stage_bits,
                                            out.data(), out.size());
}

std::uint64_t lane_cycles(std::span<std::uint32_t> state, unsigned first_stage_bits,
                          std::span<std::uint8_t> out) {
  HEDDLE_CHECK(state.size() % kShifterColumns == 0 && out.size() <= kShifterColumns,
               "the state is whole lanes");
  return HWY_DYNAMIC_DISPATCH(LaneCycles32)(state.data(), state.size() / kShifterColumns, first_stage_bits,
                                            out.data(), out.size());
}

std::optional<unsigned> shifter_step(std::span<std::uint32_t> exponent_masks, unsigned first_stage_bits,
                                     std::span<std::uint32_t> consumed) {
  HEDDLE_CHECK(consumed.size() == exponent_masks.size(), "one result per lane");
  std::uint32_t any = 0;
  for (const std::uint32_t x : exponent_masks) any |= x;
  const std::uint32_t head = any & (0U - any);
  const std::uint32_t window = head == 0 ? 0 : window_above(head, first_stage_bits);
  for (std::size_t lane = 0; lane < consumed.size(); ++lane) {
    std::uint32_t& x = exponent_masks[lane];
    consumed[lane] = x & (0U - x) & window;
    x ^= consumed[lane];
  }
  if (head == 0) return std::nullopt;
  return static_cast<unsigned>(std::countr_zero(head));
}

}  // namespace heddle::kernel
#endif  // HWY_ONCE
