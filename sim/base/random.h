// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace heddle {

// splitmix64 (Steele, Lea, Flood, OOPSLA 2014): the same numbers on every machine and with every library,
// which the distributions of <random> do not guarantee.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}
  // An independent stream per name, so that another consumer does not shift the numbers of the existing ones.
  constexpr Random(std::uint64_t seed, std::string_view name) : state_(seed) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    next();
  }

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); bound > 0. The bias of the modulo is below 2^-32 for the bounds we use.
  constexpr std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // Uniform in [low, high].
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  constexpr bool chance(std::uint64_t one_in) { return below(one_in) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace heddle
