// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/shifter.h"

#include <array>
#include <bit>
#include <deque>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/base/random.h"
#include "sim/kernel/terms.h"
#include "tests/support/targets.h"

using heddle::Random;
using heddle::kernel::brick_cycles;
using heddle::kernel::column_cycles;
using heddle::kernel::kShifterColumns;
using heddle::kernel::lane_cycles;
using heddle::kernel::shifter_step;

namespace {

// The rule on lists of exponents, as in the paper's figure.
unsigned by_lists(std::span<const std::uint32_t> masks, unsigned first_stage_bits) {
  std::vector<std::deque<int>> lanes(masks.size());
  for (std::size_t l = 0; l < masks.size(); ++l) {
    for (int e = 0; e < 17; ++e) {
      if ((masks[l] >> e) & 1U) lanes[l].push_back(e);
    }
  }
  for (unsigned cycles = 0;; ++cycles) {
    int smallest = 99;
    for (const auto& lane : lanes) smallest = lane.empty() ? smallest : std::min(smallest, lane.front());
    if (smallest == 99) return std::max(1U, cycles);
    for (auto& lane : lanes) {
      if (!lane.empty() && lane.front() - smallest < (1 << first_stage_bits)) lane.pop_front();
    }
  }
}

// DNNsim's wording: the lowest bit of each lane within the window from the minimum offset.
unsigned by_offsets(std::vector<std::uint32_t> lanes, unsigned bits) {
  for (unsigned cycles = 0;; ++cycles) {
    int minimum = 99;
    for (const auto x : lanes) minimum = x == 0 ? minimum : std::min(minimum, std::countr_zero(x));
    if (minimum == 99) return std::max(1U, cycles);
    for (auto& x : lanes) {
      for (int e = minimum; e <= minimum + (1 << bits) - 1 && e < 17; ++e) {
        if (((x >> e) & 1U) == 0) continue;
        x &= ~(1U << e);
        break;
      }
    }
  }
}

std::uint32_t mask_of(std::initializer_list<int> exponents) {
  std::uint32_t mask = 0;
  for (const int e : exponents) mask |= 1U << e;
  return mask;
}

std::vector<std::uint32_t> random_masks(Random& random, std::size_t count) {
  std::vector<std::uint32_t> masks(count);
  const auto sparsity = random.between(0, 2);
  for (auto& m : masks) {
    m = static_cast<std::uint32_t>(random.below(1U << 17));
    for (int i = 0; i < sparsity; ++i) m &= static_cast<std::uint32_t>(random.next());
    if (random.chance(4)) m = 0;
  }
  return masks;
}

}  // namespace

TEST_CASE("three lanes of the example in docs/rules.md take four cycles") {
  const std::array masks{mask_of({1, 6, 7}), mask_of({0, 7}), mask_of({4, 8, 9})};
  CHECK(column_cycles(masks, 2) == 4);
  CHECK(column_cycles(masks, 0) == 7);  // 0 1 4 6 7 8 9
  CHECK(column_cycles(masks, 4) == 3);
}

TEST_CASE("a column without terms takes a cycle, and 17 positions need five first-stage bits") {
  CHECK(column_cycles(std::array<std::uint32_t, 16>{}, 2) == 1);
  CHECK(column_cycles(std::span<const std::uint32_t>(), 2) == 1);
  const std::array masks{mask_of({0}), mask_of({16})};
  CHECK(column_cycles(masks, 4) == 2);
  CHECK(column_cycles(masks, 5) == 1);
}

TEST_CASE("columns of any number of lanes agree with the rule on lists and with DNNsim's wording") {
  Random random(11);
  for (int round = 0; round < 3000; ++round) {
    const auto masks =
        random_masks(random, static_cast<std::size_t>(random.between(1, round % 50 == 0 ? 300 : 40)));
    const auto bits = static_cast<unsigned>(random.between(0, 5));
    const unsigned expected = by_lists(masks, bits);
    REQUIRE(column_cycles(masks, bits) == expected);
    REQUIRE(by_offsets(masks, bits) == expected);
    int most = 1;
    for (const auto m : masks) most = std::max(most, std::popcount(m));
    REQUIRE(column_cycles(masks, 5) == static_cast<unsigned>(most));
  }
}

TEST_CASE("the bulk form agrees with the rule for every shape, on every instruction set") {
  heddle::test::for_each_target([] {
    Random random(12);
    for (int round = 0; round < 400; ++round) {
      const std::size_t lanes = 4 * static_cast<std::size_t>(random.between(1, round % 20 == 0 ? 64 : 8));
      const auto columns = static_cast<std::size_t>(random.between(0, 40));
      const auto masks = random_masks(random, lanes * columns);
      const auto bits = static_cast<unsigned>(random.between(0, 5));
      std::vector<std::uint8_t> out(columns);
      column_cycles(masks, lanes, bits, out);
      for (std::size_t c = 0; c < columns; ++c) {
        REQUIRE(out[c] == by_lists(std::span(masks).subspan(c * lanes, lanes), bits));
      }
      if (lanes != 16) continue;
      std::vector<std::uint8_t> bricks(columns);
      brick_cycles(masks, bits, bricks);
      REQUIRE(bricks == out);
    }
  });
}

TEST_CASE("the form by lanes agrees with the rule for every shape and width, on every instruction set") {
  heddle::test::for_each_target([] {
    Random random(14);
    for (int round = 0; round < 400; ++round) {
      const auto lanes = static_cast<std::size_t>(random.between(0, round % 20 == 0 ? 256 : 60));
      const auto columns = static_cast<std::size_t>(random.between(1, kShifterColumns));
      const auto bits = static_cast<unsigned>(random.between(0, 5));
      std::vector<std::uint32_t> wide(lanes * kShifterColumns);
      std::vector<std::uint16_t> narrow(wide.size());
      std::vector<std::vector<std::uint32_t>> by_column(columns);
      std::vector<std::vector<std::uint32_t>> narrow_by_column(columns);
      std::uint64_t wide_terms = 0;
      std::uint64_t narrow_terms = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        by_column[c] = random_masks(random, lanes);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const std::uint32_t mask = by_column[c][lane];
          wide[lane * kShifterColumns + c] = mask;
          narrow[lane * kShifterColumns + c] = static_cast<std::uint16_t>(mask);
          narrow_by_column[c].push_back(mask & 0xffffU);
          wide_terms += static_cast<std::uint64_t>(std::popcount(mask));
          narrow_terms += static_cast<std::uint64_t>(std::popcount(mask & 0xffffU));
        }
      }
      std::vector<std::uint8_t> out(columns);
      REQUIRE(lane_cycles(wide, bits, out) == wide_terms);
      for (std::size_t c = 0; c < columns; ++c) REQUIRE(out[c] == by_lists(by_column[c], bits));
      REQUIRE(lane_cycles(narrow, bits, out) == narrow_terms);
      for (std::size_t c = 0; c < columns; ++c) REQUIRE(out[c] == by_lists(narrow_by_column[c], bits));
    }
  });
}

TEST_CASE("stepping consumes every term once, within reach of the smallest head, in the counted cycles") {
  Random random(13);
  for (int round = 0; round < 500; ++round) {
    const auto masks = random_masks(random, static_cast<std::size_t>(random.between(1, 24)));
    const auto bits = static_cast<unsigned>(random.between(0, 5));
    auto rest = masks;
    std::vector<std::uint32_t> given(masks.size());
    std::vector<std::uint32_t> consumed(masks.size());
    unsigned cycles = 0;
    while (const auto minimum = shifter_step(rest, bits, consumed)) {
      ++cycles;
      for (std::size_t l = 0; l < masks.size(); ++l) {
        if (consumed[l] == 0) continue;
        REQUIRE(std::has_single_bit(consumed[l]));
        const auto offset = static_cast<unsigned>(std::countr_zero(consumed[l])) - *minimum;
        REQUIRE(offset < (1U << bits));
        REQUIRE(consumed[l] > given[l]);  // ascending, never twice
        given[l] |= consumed[l];
      }
    }
    REQUIRE(given == masks);
    REQUIRE(std::max(1U, cycles) == column_cycles(masks, bits));
  }
}

TEST_CASE("shapes that the column kernels cannot hold are refused") {
  std::array<std::uint8_t, 1> out{};
  CHECK_THROWS_AS(column_cycles(std::vector<std::uint32_t>(1025), 2), heddle::Error);
  CHECK_THROWS_AS(column_cycles(std::vector<std::uint32_t>(6), 6, 2, out), heddle::Error);
  CHECK_THROWS_AS(brick_cycles(std::vector<std::uint32_t>(17), 2, out), heddle::Error);
}
