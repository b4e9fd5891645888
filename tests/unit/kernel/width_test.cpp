// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/width.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/kernel/width_dnnsim.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

using heddle::kernel::GroupBits;
using heddle::kernel::summarize;
using heddle::kernel::width;
using heddle::kernel::width_dnnsim;

namespace {

// The definition: the narrowest field that holds every value, after the shift that all of them allow.
unsigned width_by_range(std::span<const std::int32_t> values, bool signed_values, bool trim_low) {
  unsigned shift = 0;
  bool any = false;
  for (const auto x : values) any = any || x != 0;
  if (!any) return 1;
  const auto divisible = [&](unsigned by) {
    for (const auto x : values) {
      if (x % (std::int64_t{1} << by) != 0) return false;
    }
    return true;
  };
  while (trim_low && divisible(shift + 1)) ++shift;
  unsigned bits = 1;
  const auto holds = [&](unsigned b) {
    const std::int64_t low = signed_values ? -(std::int64_t{1} << (b - 1)) : 0;
    const std::int64_t high = signed_values ? (std::int64_t{1} << (b - 1)) - 1 : (std::int64_t{1} << b) - 1;
    for (const auto x : values) {
      const std::int64_t scaled = x / (std::int64_t{1} << shift);
      if (scaled < low || scaled > high) return false;
    }
    return true;
  };
  while (!holds(bits)) ++bits;
  return bits;
}

// DNNsim's rule, value by value.
unsigned dnnsim_by_value(std::span<const std::int32_t> values, bool signed_values, bool minor_bit) {
  int max_msb = -1;
  int min_lsb = 99;
  for (const auto x : values) {
    const std::int32_t complemented = x < 0 ? ~x : x;
    for (int bit = 0; bit < 31; ++bit) {
      if (((complemented >> bit) & 1) == 0) continue;
      max_msb = std::max(max_msb, bit + (signed_values ? 1 : 0));
      min_lsb = std::min(min_lsb, bit);
    }
  }
  if (max_msb < 0) return signed_values ? 2 : 1;
  return static_cast<unsigned>(max_msb - (minor_bit ? min_lsb : 0) + 1);
}

}  // namespace

TEST_CASE("the width of one live lane agrees with the definition for every 17-bit value") {
  for (std::int32_t x = -32768; x <= 65535; ++x) {
    const std::array<std::int32_t, 3> group{0, x, 0};
    const GroupBits bits = summarize(group);
    for (const bool trim : {false, true}) {
      if (width(bits, true, trim) != width_by_range(group, true, trim)) FAIL("signed " << x);
      if (x >= 0 && width(bits, false, trim) != width_by_range(group, false, trim)) FAIL("unsigned " << x);
      if (width_dnnsim(bits.folded, true, trim) != dnnsim_by_value(group, true, trim)) FAIL("DNNsim " << x);
    }
  }
  SUCCEED();
}

TEST_CASE("widths of known groups") {
  CHECK(width({}, false, false) == 1);
  CHECK(width({}, true, true) == 1);
  CHECK(width(summarize(std::array{-1, 0}), true, false) == 1);
  CHECK(width(summarize(std::array{4, 8, -12}), true, false) == 5);
  CHECK(width(summarize(std::array{4, 8, -12}), true, true) == 3);
  CHECK(width(summarize(std::array{65535}), false, false) == 16);
  CHECK(width_dnnsim(0, false, true) == 1);
  CHECK(width_dnnsim(0, true, false) == 2);
  CHECK(width_dnnsim(summarize(std::array{4, 8}).folded, true, true) == 3);
}

TEST_CASE("widths of random groups agree with the definition, whichever way the group is summarised") {
  heddle::test::for_each_target([] {
    heddle::Random random(1);
    for (int round = 0; round < 2000; ++round) {
      const bool is_signed = random.chance(2);
      const auto bricks = static_cast<std::size_t>(random.between(1, 9));
      auto values = heddle::test::random_values(random, bricks * 16, 15, is_signed);
      const auto shift = static_cast<unsigned>(random.between(0, 5));
      for (auto& x : values) x = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << shift);
      std::vector<GroupBits> out(bricks);
      heddle::kernel::summarize_bricks(values, out);
      GroupBits all;
      for (std::size_t b = 0; b < bricks; ++b) {
        REQUIRE(out[b] == summarize(std::span(values).subspan(b * 16, 16)));
        all = merge(all, out[b]);
      }
      REQUIRE(all == summarize(values));
      for (const bool trim : {false, true}) {
        REQUIRE(width(all, is_signed, trim) == width_by_range(values, is_signed, trim));
        REQUIRE(width_dnnsim(all.folded, is_signed, trim) == dnnsim_by_value(values, is_signed, trim));
      }
    }
  });
}

TEST_CASE("an array that is not a whole number of bricks is refused") {
  std::array<std::int32_t, 17> values{};
  std::array<GroupBits, 1> out;
  CHECK_THROWS_AS(heddle::kernel::summarize_bricks(values, out), heddle::Error);
}
