// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Integer arithmetic of the generator: no function of <cmath> and no distribution of <random>, whose results
// differ between libraries.
namespace heddle::synthetic {

// splitmix64 (sim/base/random.h) by position: at(i) is the (i + 1)-th number of the sequence, so that values
// can be drawn in any order and by any number of threads.
class Stream {
 public:
  Stream(std::uint64_t seed, std::string_view name);
  [[nodiscard]] constexpr std::uint64_t at(std::uint64_t position) const {
    std::uint64_t z = key_ + (position + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t key_;
};

inline constexpr unsigned kLogFraction = 24;  // bits behind the point of logarithms
inline constexpr unsigned kTableBits = 8;

// [i] = log2(1 + i / 256) in 24 fractional bits, by repeated squaring of the mantissa.
constexpr std::array<std::uint32_t, (1U << kTableBits) + 1> log2_table() {
  std::array<std::uint32_t, (1U << kTableBits) + 1> out{};
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    std::uint64_t mantissa = (std::uint64_t{1} << 31) + (std::uint64_t{i} << (31 - kTableBits));  // [1, 2)
    for (unsigned bit = 0; bit < kLogFraction; ++bit) {
      mantissa = (mantissa * mantissa) >> 31;
      out[i] <<= 1U;
      if (mantissa >= (std::uint64_t{1} << 32)) {
        mantissa >>= 1U;
        out[i] |= 1U;
      }
    }
  }
  out.back() = 1U << kLogFraction;
  return out;
}
inline constexpr auto kLog2 = log2_table();

// -log2((u + 1) / 2^32) in 24 fractional bits: with u uniform, exponentially distributed with mean 1 / ln 2.
// The table is interpolated; the error is below 2^-17.
constexpr std::uint32_t exponential(std::uint32_t u) {
  const std::uint64_t x = std::uint64_t{u} + 1;
  const auto top = static_cast<unsigned>(std::bit_width(x)) - 1;
  const std::uint64_t fraction = (x << (32 - top)) & 0xffffffffU;  // of the mantissa, 32 bits
  const auto index = static_cast<std::size_t>(fraction >> (32 - kTableBits));
  const std::uint64_t rest = fraction & ((1U << (32 - kTableBits)) - 1U);
  const std::uint64_t step = kLog2[index + 1] - kLog2[index];
  const auto log = static_cast<std::uint32_t>(kLog2[index] + ((step * rest) >> (32 - kTableBits)));
  return ((32 - top) << kLogFraction) - log;
}

inline constexpr unsigned kScaleFraction = 16;  // bits behind the point of scales
inline constexpr double kLn2 = 0.6931471805599453;

// The scale that turns exponential(u) into an exponential distribution of this mean. One rounding of products
// of doubles, which every IEEE machine gives alike.
constexpr std::uint64_t scale_of(double mean) {
  const double scale = mean * kLn2 * (1U << kScaleFraction);
  const auto whole = static_cast<std::uint64_t>(scale);
  return scale - static_cast<double>(whole) < 0.5 ? whole : whole + 1;
}

// A share in [0, 1) as a threshold of 32-bit numbers.
constexpr std::uint32_t threshold_of(double share) {
  return static_cast<std::uint32_t>(share * 4294967296.0);
}

}  // namespace heddle::synthetic
