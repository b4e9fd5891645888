// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/terms.h"

#include <array>
#include <bit>
#include <map>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

using heddle::kernel::Encoder;
using heddle::kernel::kEncoders;
using Digit = std::pair<int, int>;  // exponent, +1 or -1

namespace {

unsigned term_count(Encoder encoder, std::uint32_t magnitude) {
  return static_cast<unsigned>(std::popcount(heddle::kernel::term_exponents(encoder, magnitude)));
}

std::vector<Digit> raw_by_bits(std::int64_t x) {
  std::vector<Digit> digits;
  for (int bit = 0; bit <= 16; ++bit) {
    if ((x >> bit) & 1) digits.emplace_back(bit, 1);
  }
  return digits;
}

// Odd remainders take the digit that makes the rest divisible by four.
std::vector<Digit> naf_by_remainder(std::int64_t x) {
  std::vector<Digit> digits;
  for (int bit = 0; x != 0; ++bit, x /= 2) {
    if (x % 2 == 0) continue;
    const int digit = 2 - static_cast<int>(x % 4);
    digits.emplace_back(bit, digit);
    x -= digit;
  }
  return digits;
}

std::vector<Digit> booth4_by_table(std::int64_t x) {
  constexpr std::array<int, 8> table{0, 1, 1, 2, -2, -1, -1, 0};
  std::vector<Digit> digits;
  for (int i = 0; i <= 8; ++i) {
    const int digit = table[static_cast<std::size_t>(((2 * x) >> (2 * i)) & 7)];
    if (digit != 0) digits.emplace_back(2 * i + (digit % 2 == 0 ? 1 : 0), digit > 0 ? 1 : -1);
  }
  return digits;
}

// The scan as docs/rules.md#term-encoders states it: two zeros below, the current bit first of three.
std::vector<Digit> ioe_by_scan(std::int64_t x) {
  std::map<int, int> digits;
  bool flag = false;
  for (int bit = 16; bit >= 0; --bit) {
    const auto window = static_cast<int>(((x * 4) >> bit) & 7);
    if (!flag && window == 7) {
      REQUIRE(digits.emplace(bit + 1, 1).second);
      flag = true;
    } else if (!flag && window >= 4) {
      REQUIRE(digits.emplace(bit, 1).second);
    } else if (flag && (window == 2 || window == 3 || window == 4)) {
      REQUIRE(digits.emplace(bit, -1).second);
      flag = window != 4;
    }
  }
  return {digits.begin(), digits.end()};
}

std::vector<Digit> by_definition(Encoder encoder, std::int64_t x) {
  switch (encoder) {
    case Encoder::raw:
      return raw_by_bits(x);
    case Encoder::naf:
      return naf_by_remainder(x);
    case Encoder::booth4:
      return booth4_by_table(x);
    case Encoder::ioe:
      return ioe_by_scan(x);
  }
  return {};
}

}  // namespace

TEST_CASE("every magnitude recodes as its encoder defines, and its terms sum to it") {
  for (const Encoder encoder : kEncoders) {
    CAPTURE(name_of(encoder));
    const auto counts = term_count_table(encoder);
    const auto masks = exponent_table(encoder);
    REQUIRE(counts.size() == heddle::kernel::kMaxMagnitude + 1);
    REQUIRE(masks.size() == counts.size());
    for (std::uint32_t m = 0; m <= heddle::kernel::kMaxMagnitude; ++m) {
      std::int64_t sum = 0;
      std::vector<Digit> digits;
      for (const auto& term : heddle::kernel::terms(encoder, m)) {
        sum += (term.negative ? -1 : 1) * (std::int64_t{1} << term.exponent);
        digits.emplace_back(term.exponent, term.negative ? -1 : 1);
      }
      std::uint32_t mask = 0;
      for (const auto& [exponent, sign] : digits) mask |= 1U << exponent;
      const auto both = recode(encoder, m);
      const bool good = sum == m && digits == by_definition(encoder, m) && counts[m] == digits.size() &&
                        masks[m] == mask && (both.positive & both.negative) == 0 && mask < (1U << 17) &&
                        static_cast<std::size_t>(std::popcount(mask)) == digits.size();
      if (!good) FAIL("magnitude " << m);
    }
  }
}

TEST_CASE("the facts that docs/rules.md states about the encoders") {
  const std::array<unsigned, 4> bits{7, 8, 15, 16};
  const std::array<unsigned, 4> naf{4, 5, 8, 9};
  const std::array<unsigned, 3> ioe{5, 6, 10};
  for (std::size_t i = 0; i < bits.size(); ++i) CHECK(most_terms(Encoder::naf, bits[i]) == naf[i]);
  for (std::size_t i = 0; i < ioe.size(); ++i) CHECK(most_terms(Encoder::ioe, bits[i]) == ioe[i]);

  std::array<unsigned, 6> longer{};
  unsigned booth_exceeds_raw = 0;
  for (std::uint32_t m = 0; m < 32768; ++m) {
    const unsigned least = term_count(Encoder::naf, m);
    const unsigned raw = term_count(Encoder::raw, m);
    ++longer[term_count(Encoder::ioe, m) - least];
    if (term_count(Encoder::booth4, m) > raw) ++booth_exceeds_raw;
    if (term_count(Encoder::ioe, m) > raw || least > term_count(Encoder::booth4, m)) FAIL("order at " << m);
  }
  CHECK(longer == std::array<unsigned, 6>{26621, 5329, 742, 73, 3, 0});
  CHECK(booth_exceeds_raw == 4943);

  const auto twenty_nine = recode(Encoder::ioe, 29);
  CHECK(twenty_nine.positive == 1U << 5);
  CHECK(twenty_nine.negative == 0b11U);
}

TEST_CASE("the bulk forms agree with the scalar ones on every container value, on every instruction set") {
  std::vector<std::int32_t> values;
  for (std::int32_t x = -32768; x <= 65535; ++x) values.push_back(x);
  heddle::test::for_each_target([&] {
    for (const Encoder encoder : kEncoders) {
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{19}, values.size()}) {
        const auto part = std::span<const std::int32_t>(values).last(size);
        std::vector<std::uint8_t> counts(size);
        std::vector<std::uint32_t> masks(size);
        count_terms(encoder, part, counts);
        term_exponents(encoder, part, masks);
        for (std::size_t i = 0; i < size; ++i) {
          const auto magnitude = heddle::kernel::magnitude_of(part[i]);
          if (counts[i] != term_count(encoder, magnitude)) FAIL("count of " << part[i]);
          if (masks[i] != heddle::kernel::term_exponents(encoder, magnitude)) FAIL("mask of " << part[i]);
        }
        SUCCEED("all " << size << " values agree");
      }
    }
  });
}

TEST_CASE("lane maxima are the maxima over the rows") {
  heddle::test::for_each_target([] {
    heddle::Random random(3);
    for (int round = 0; round < 300; ++round) {
      const auto rows = static_cast<std::size_t>(random.between(0, 17));
      const auto size = static_cast<std::size_t>(random.between(1, 5)) * 16 + (random.chance(4) ? 3 : 0);
      std::vector<std::uint8_t> counts(rows * size);
      for (auto& c : counts) c = static_cast<std::uint8_t>(random.below(256));
      std::vector<std::uint8_t> maxima(size, 99);
      heddle::kernel::max_terms_per_lane(counts, maxima);
      for (std::size_t i = 0; i < size; ++i) {
        std::uint8_t expected = 0;
        for (std::size_t r = 0; r < rows; ++r) expected = std::max(expected, counts[r * size + i]);
        REQUIRE(maxima[i] == expected);
      }
    }
  });
}

TEST_CASE("every encoder has a name, and other names are refused") {
  for (const Encoder encoder : kEncoders) CHECK(heddle::kernel::encoder_named(name_of(encoder)) == encoder);
  CHECK_FALSE(heddle::kernel::encoder_named("booth"));
  std::array<std::uint8_t, 2> out{};
  CHECK_THROWS_AS(count_terms(Encoder::raw, std::array<std::int32_t, 3>{}, out), heddle::Error);
}

TEST_CASE("tables are the same from every thread") {
  std::vector<const std::uint8_t*> seen(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(seen.size());
    for (auto& slot : seen)
      threads.emplace_back([&slot] { slot = heddle::kernel::term_count_table(Encoder::naf).data(); });
  }
  for (const auto* table : seen) CHECK(table == seen.front());
}
