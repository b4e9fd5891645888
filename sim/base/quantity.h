// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace heddle {

// A number with its unit as a type. Bits cannot be added to bytes, nor cycles to lane cycles.
template <class Unit, class Rep>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep count) : count_(count) {}
  [[nodiscard]] constexpr Rep count() const { return count_; }

  constexpr Quantity& operator+=(Quantity other) {
    count_ += other.count_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    count_ -= other.count_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr Quantity operator*(Quantity a, Rep n) { return Quantity(a.count_ * n); }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  Rep count_{};
};

using Cycles = Quantity<struct CyclesUnit, std::uint64_t>;
using Bits = Quantity<struct BitsUnit, std::uint64_t>;
using Bytes = Quantity<struct BytesUnit, std::uint64_t>;
// One lane of one processing element for one cycle.
using LaneCycles = Quantity<struct LaneCyclesUnit, std::uint64_t>;
using Picojoules = Quantity<struct PicojoulesUnit, double>;

constexpr std::uint64_t ceil_div(std::uint64_t n, std::uint64_t d) {
  return n / d + (n % d != 0 ? 1 : 0);
}
constexpr Bytes bytes_holding(Bits bits) {
  return Bytes(ceil_div(bits.count(), 8));
}

// Smallest n with 2^n >= value; 0 for 0 and 1.
constexpr unsigned ceil_log2(std::uint64_t value) {
  unsigned bits = 0;
  while (bits < 64 && (std::uint64_t{1} << bits) < value) ++bits;
  return bits;
}

}  // namespace heddle
