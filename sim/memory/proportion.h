// SPDX-License-Identifier: Apache-2.0
//
// How totals are cut into parts, without a rounding error that adds up.
#pragma once

#include <cstdint>

#include "sim/base/quantity.h"

namespace heddle::memory {

enum class Rounding { down, up };

// all x part / whole. Dividing first keeps the products below 2^64 for tensors below 2^40 bytes.
constexpr std::uint64_t proportion(std::uint64_t all, std::uint64_t part, std::uint64_t whole,
                                   Rounding rounding = Rounding::down) {
  const std::uint64_t rest = all % whole * part;
  return all / whole * part + (rounding == Rounding::up ? ceil_div(rest, whole) : rest / whole);
}

template <class Unit>
constexpr Quantity<Unit, std::uint64_t> proportion_up(Quantity<Unit, std::uint64_t> all, std::uint64_t part,
                                                      std::uint64_t whole) {
  return Quantity<Unit, std::uint64_t>(proportion(all.count(), part, whole, Rounding::up));
}

// Indices [begin, end).
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  [[nodiscard]] constexpr std::uint32_t count() const { return end - begin; }
};

// Part i when `all` indices are cut into n parts of nearly equal size.
constexpr Range part_of(std::uint32_t all, std::uint32_t i, std::uint32_t n) {
  return {static_cast<std::uint32_t>(proportion(all, i, n)),
          static_cast<std::uint32_t>(proportion(all, i + 1, n))};
}

// Parts [begin, end) of `parts` equal ones.
struct Parts {
  std::uint64_t begin = 0;
  std::uint64_t end = 1;
  std::uint64_t parts = 1;
};

// The share of these parts in a total, in whole units; neighbouring parts add up to the total.
template <class Unit>
constexpr Quantity<Unit, std::uint64_t> share(Quantity<Unit, std::uint64_t> all, const Parts& of) {
  return Quantity<Unit, std::uint64_t>(proportion(all.count(), of.end, of.parts) -
                                       proportion(all.count(), of.begin, of.parts));
}

}  // namespace heddle::memory
