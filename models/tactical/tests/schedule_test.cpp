// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/kernel/schedule.h"

#include <bit>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "models/tactical/tests/naive_scheduler.h"
#include "sim/base/error.h"
#include "sim/base/random.h"

using heddle::Random;
using heddle::models::tactical::Offset;
using heddle::models::tactical::Pattern;
using heddle::models::tactical::Schedule;
using heddle::models::tactical::ScheduleOptions;
using heddle::models::tactical::Slot;
using heddle::models::tactical::SlotPriority;
using heddle::test::NaiveScheduler;
using Masks = std::vector<std::uint16_t>;

namespace {

// One filter with non-zeros at the given (t, lane).
Masks filter(std::size_t columns, const std::vector<std::pair<std::size_t, int>>& nonzeros) {
  Masks masks(columns);
  for (const auto& [t, lane] : nonzeros) masks[t] = static_cast<std::uint16_t>(masks[t] | 1U << lane);
  return masks;
}

std::size_t emitted(const Masks& masks, std::string_view pattern) {
  return schedule(masks, 1, Pattern::parse(pattern)).size();
}

Masks random_set(Random& random, std::size_t rows, std::size_t columns) {
  Masks masks(rows * columns);
  const auto percent = static_cast<std::uint64_t>(random.between(0, 100));
  const bool empty_columns = random.chance(2);
  std::vector<bool> empty(columns);
  for (std::size_t t = 0; t < columns; ++t) empty[t] = empty_columns && random.chance(2);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    for (unsigned l = 0; l < 16; ++l) {
      if (!empty[i % columns] && random.below(100) < percent)
        masks[i] = static_cast<std::uint16_t>(masks[i] | 1U << l);
    }
  }
  return masks;
}

void require_same(const Schedule& got, const NaiveScheduler& expected, std::size_t rows) {
  REQUIRE(got.size() == expected.emitted.size());
  std::uint64_t moves = 0;
  for (std::size_t e = 0; e < got.size(); ++e) {
    const auto& column = expected.emitted[e];
    REQUIRE(got.columns()[e] == static_cast<std::uint32_t>(column.column));
    std::map<std::uint32_t, std::pair<unsigned, unsigned>> reads;
    std::size_t weights = 0;
    std::size_t zeros = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      for (unsigned l = 0; l < 16; ++l) {
        const auto& cell = column.rows[r][l];
        Slot want{Slot::Kind::empty, got.columns()[e], static_cast<std::uint8_t>(l)};
        if (cell.weight) {
          want.column = static_cast<std::uint32_t>(cell.weight->column);
          want.lane = static_cast<std::uint8_t>(cell.weight->lane);
          const bool own = want.column == got.columns()[e];
          want.kind = own ? Slot::Kind::own : Slot::Kind::moved;
          moves += own ? 0 : 1;
          reads[want.column].second |= 1U << want.lane;
        } else if (!cell.vacated && static_cast<int>(l) < expected.lanes) {
          want.kind = Slot::Kind::zero;
        }
        weights += cell.weight ? 1U : 0U;
        zeros += want.kind == Slot::Kind::zero ? 1U : 0U;
        if (want.kind != Slot::Kind::empty) reads[want.column].first |= 1U << want.lane;
        const Slot slot = got.slot(e, r, l);
        if (std::tie(slot.kind, slot.column, slot.lane) != std::tie(want.kind, want.column, want.lane)) {
          FAIL("emitted " << e << " row " << r << " lane " << l);
        }
      }
    }
    REQUIRE(got.occupancy(e).weights == weights);
    REQUIRE(got.occupancy(e).zeros == zeros);
    REQUIRE(got.occupancy(e).stored == rows * static_cast<std::size_t>(expected.lanes));
    REQUIRE(got.reads(e).size() == reads.size());
    std::size_t i = 0;
    for (const auto& [t, lanes] : reads) {
      const auto read = got.reads(e)[i++];
      REQUIRE(read.column == t);
      REQUIRE(read.lanes == lanes.first);
      REQUIRE(read.gated_lanes == lanes.second);
    }
  }
  REQUIRE(got.moves() == moves);
}

// Requires that every non-zero is placed exactly once, in its own row, within the pattern's reach.
void require_whole(const Schedule& got, const Masks& masks, std::size_t rows, const Pattern& pattern) {
  const std::size_t columns = masks.size() / rows;
  std::set<std::tuple<std::size_t, std::uint32_t, int>> placed;
  for (std::size_t e = 0; e < got.size(); ++e) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (unsigned l = 0; l < 16; ++l) {
        const Slot slot = got.slot(e, r, l);
        if (slot.kind != Slot::Kind::own && slot.kind != Slot::Kind::moved) continue;
        if (((masks[r * columns + slot.column] >> slot.lane) & 1) == 0) FAIL("a zero was placed");
        if (!placed.emplace(r, slot.column, slot.lane).second) FAIL("placed twice");
        if (slot.kind == Slot::Kind::own || pattern.unlimited()) continue;
        bool reachable = false;
        for (const Offset o : pattern.offsets()) {
          reachable = reachable || (slot.column == got.columns()[e] + o.columns &&
                                    ((static_cast<int>(l) + o.lanes) & 15) == slot.lane);
        }
        if (!reachable) FAIL("out of the pattern's reach");
      }
    }
  }
  std::size_t nonzeros = 0;
  for (const auto m : masks) nonzeros += static_cast<std::size_t>(std::popcount(m));
  REQUIRE(placed.size() == nonzeros);
}

}  // namespace

TEST_CASE("the schedules of docs/rules/tactical.md") {
  const Masks diagonal = filter(3, {{0, 0}, {1, 1}, {2, 2}});
  CHECK(emitted(diagonal, "T<2,5>") == 1);
  CHECK(emitted(diagonal, "L<1,6>") == 2);
  CHECK(emitted(filter(7, {{0, 0}, {6, 0}}), "T8<2,5>") == 3);
  CHECK(emitted(Masks(9), "T<2,5>") == 3);
  CHECK(emitted(Masks(9), "L8<1,6>") == 4);
  CHECK(emitted(Masks(9), "X<inf,15>") == 0);
  CHECK(emitted(Masks(1), "T<2,5>") == 0);
  CHECK(emitted(Masks(), "T<2,5>") == 0);
  CHECK(emitted(Masks(40, 0xffff), "T<2,5>") == 40);
}

TEST_CASE("the scheduler agrees with the written rule for every pattern and option") {
  const std::vector<Offset> odd{{3, 5}, {1, -15}, {2, 0}, {1, 0}};
  const std::vector<Pattern> patterns{
      Pattern::parse("T<2,5>"),          Pattern::parse("L<1,6>"),  Pattern::parse("L<15,15>"),
      Pattern::parse("L<4,0>"),          Pattern::of_offsets(odd),  Pattern::parse("T<2,5>").dnnsim(),
      Pattern::parse("L<2,5>").dnnsim(), Pattern::parse("L<40,3>"), Pattern::parse("L<238,15>")};
  Random random(41);
  for (int round = 0; round < 700; ++round) {
    const auto rows = static_cast<std::size_t>(random.between(1, 16));
    const auto columns = static_cast<std::size_t>(random.between(1, round % 10 == 0 ? 90 : 24));
    const Masks masks = random_set(random, rows, columns);
    const Pattern& pattern = patterns[static_cast<std::size_t>(round) % patterns.size()];
    const bool most = random.chance(2);
    ScheduleOptions options{.slot_priority = most ? SlotPriority::most : SlotPriority::fewest};
    const Schedule got = schedule(masks, rows, pattern, options);
    NaiveScheduler expected(masks, rows, pattern, most);
    require_same(got, expected, rows);
    require_whole(got, masks, rows, pattern);
    const std::size_t h = pattern.lookahead();
    REQUIRE(columns <= got.size() * (h + 1) + h);  // no gain beyond h + 1

    options.drop_trailing_zeros = true;
    while (!expected.emitted.empty()) {
      bool any = false;
      for (const auto& row : expected.emitted.back().rows) {
        for (const auto& cell : row) any = any || cell.weight;
      }
      if (any) break;
      expected.emitted.pop_back();
    }
    require_same(schedule(masks, rows, pattern, options), expected, rows);

    options = {.slot_priority = options.slot_priority, .keep_slots = false};
    const Schedule bare = schedule(masks, rows, pattern, options);
    REQUIRE(bare.size() == got.size());
    for (std::size_t e = 0; e < got.size(); ++e) {
      REQUIRE(std::equal(bare.reads(e).begin(), bare.reads(e).end(), got.reads(e).begin(), got.reads(e).end(),
                         [](auto a, auto b) {
                           return a.column == b.column && a.lanes == b.lanes &&
                                  a.gated_lanes == b.gated_lanes;
                         }));
    }
  }
}

TEST_CASE("places wrap around within the lanes of a row") {
  Random random(43);
  const std::vector<Pattern> patterns{Pattern::parse("T<2,5>"), Pattern::parse("L<3,15>"),
                                      Pattern::parse("T<2,5>").dnnsim()};
  for (int round = 0; round < 200; ++round) {
    const auto rows = static_cast<std::size_t>(random.between(1, 16));
    const auto lanes = static_cast<unsigned>(random.between(1, 16));
    Masks masks = random_set(random, rows, static_cast<std::size_t>(random.between(1, 12)));
    for (auto& m : masks) m = static_cast<std::uint16_t>(m & ((1U << lanes) - 1));
    const Pattern& pattern = patterns[static_cast<std::size_t>(round) % patterns.size()];
    const ScheduleOptions options{.slot_priority = SlotPriority::most, .lanes = lanes};
    require_same(schedule(masks, rows, pattern, options),
                 NaiveScheduler(masks, rows, pattern, true, static_cast<int>(lanes)), rows);
  }
  CHECK(schedule(Masks{1, 2, 4}, 1, Pattern::parse("X<inf,15>"), {.lanes = 3}).size() == 1);
  CHECK(schedule(Masks{3, 3, 3}, 1, Pattern::parse("X<inf,15>"), {.lanes = 2}).size() == 3);
}

TEST_CASE("slots without a channel hold a zero, nothing, or in the first column lane 0") {
  using heddle::models::tactical::AbsentSlots;
  const Masks masks =
      filter(4, {{0, 1}, {3, 1}});  // a depthwise filter of lane 1; the last weight moves one ahead
  const Masks present(4, 2);
  ScheduleOptions options{.lanes = 4, .present = present};
  const auto reads = [&](AbsentSlots absent) {
    options.absent_slots = absent;
    const Schedule got = schedule(masks, 1, Pattern::parse("L<1,0>"), options);
    std::vector<std::vector<std::pair<unsigned, unsigned>>> out;
    for (std::size_t e = 0; e < got.size(); ++e) {
      auto& column = out.emplace_back();
      for (const auto& read : got.reads(e)) column.emplace_back(read.column, read.lanes);
    }
    return out;
  };
  using Reads = std::vector<std::vector<std::pair<unsigned, unsigned>>>;
  // Column 1 is skipped, column 2 takes column 3's weight into lane 1.
  CHECK(reads(AbsentSlots::zero) == Reads{{{0, 15}}, {{2, 13}, {3, 2}}});
  CHECK(reads(AbsentSlots::empty) == Reads{{{0, 2}}, {{3, 2}}});
  CHECK(reads(AbsentSlots::first) == Reads{{{0, 3}}, {{3, 2}}});
  const Schedule got = schedule(masks, 1, Pattern::parse("L<1,0>"), options);
  CHECK(got.slot(0, 0, 1).kind == Slot::Kind::own);
  CHECK(got.slot(0, 0, 3).kind == Slot::Kind::zero);
  CHECK(got.slot(0, 0, 3).lane == 0);
  CHECK(got.slot(1, 0, 3).kind == Slot::Kind::empty);
}

TEST_CASE("the unlimited pattern packs each filter's non-zeros in order, and no pattern beats it") {
  Random random(42);
  const Pattern unlimited = Pattern::parse("X<inf,15>");
  for (int round = 0; round < 200; ++round) {
    const auto rows = static_cast<std::size_t>(random.between(1, 16));
    const auto columns = static_cast<std::size_t>(random.between(1, 30));
    const Masks masks = random_set(random, rows, columns);
    const Schedule got = schedule(masks, rows, unlimited);
    require_whole(got, masks, rows, unlimited);
    std::size_t most = 0;
    std::vector<std::map<std::size_t, unsigned>> reads(got.size());
    for (std::size_t r = 0; r < rows; ++r) {
      std::size_t k = 0;
      for (std::size_t t = 0; t < columns; ++t) {
        for (unsigned l = 0; l < 16; ++l) {
          if (((masks[r * columns + t] >> l) & 1) == 0) continue;
          const Slot slot = got.slot(k / 16, r, k % 16);
          REQUIRE((slot.column == t && slot.lane == l));
          reads[k / 16][t] |= 1U << l;
          ++k;
        }
      }
      most = std::max(most, k);
    }
    REQUIRE(got.size() == (most + 15) / 16);
    for (std::size_t e = 0; e < got.size(); ++e) {
      REQUIRE(got.reads(e).size() == reads[e].size());
      for (const auto read : got.reads(e)) {
        REQUIRE(read.lanes == reads[e].at(read.column));
        REQUIRE(read.gated_lanes == read.lanes);
      }
    }
    REQUIRE(got.size() <= schedule(masks, rows, Pattern::parse("T<2,5>")).size());
  }
}

TEST_CASE("patterns are read from their names") {
  const auto is = [](const Pattern& p, const std::vector<Offset>& offsets) {
    return std::equal(p.offsets().begin(), p.offsets().end(), offsets.begin(), offsets.end());
  };
  CHECK(is(Pattern::parse("L8<1,6>"), {{1, 0}, {1, -1}, {1, -2}, {1, -3}, {1, -4}, {1, -5}, {1, -6}}));
  CHECK(is(Pattern::parse("T<2,5>"), {{1, 0}, {2, 0}, {1, -1}, {2, -2}, {1, 1}, {2, 2}, {1, -3}}));
  CHECK(is(Pattern::parse("T<2,5>").dnnsim(), {{1, -1}, {1, 0}, {1, 1}, {1, 3}, {2, -2}, {2, 0}, {2, 2}}));
  CHECK(is(Pattern::parse("L<2,2>").dnnsim(), {{1, -2}, {1, -1}, {1, 0}, {2, 0}}));
  CHECK(is(Pattern::parse("(1,0)(2,0)(1,-1)(3,+15)"), {{1, 0}, {2, 0}, {1, -1}, {3, 15}}));
  CHECK(Pattern::parse("(1,0)(3,2)").lookahead() == 3);
  CHECK(Pattern::parse("(1,0)(3,2)").select_bits_per_weight() == 2);
  CHECK(Pattern::parse("X<inf,15>").unlimited());
  CHECK(Pattern::parse("T8<2,5>").lookahead() == 2);
  for (const auto* bad : {"",        "T",           "L<1,6",        "L<1,6>x",     "L9<1,6>",
                          "T<1,6>",  "L<0,3>",      "L<254,0>",     "L<239,15>",   "L<1,16>",
                          "L<-1,2>", "X<inf,14>",   "L<1;6>",       "l<1,6>",      "L<99999999999,1>",
                          "T7<2,5>", "(1,0",        "(1;0)",        "(0,1)",       "(254,0)",
                          "(1,16)",  "(1,0)(1,16)", "(1,3)(1,-13)", "(1,0) (2,0)", "()"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Pattern::parse(bad), heddle::Error);
  }
  const std::vector<std::vector<Offset>> refused{{},        {{0, 1}},         {{254, 0}},
                                                 {{1, 16}}, {{1, 3}, {1, 3}}, {{1, 3}, {1, -13}}};
  for (const auto& offsets : refused) CHECK_THROWS_AS(Pattern::of_offsets(offsets), heddle::Error);
}

TEST_CASE("metadata bits follow h and d") {
  CHECK(Pattern::parse("T<2,5>").select_bits_per_weight() == 3);
  CHECK(Pattern::parse("T<2,5>").skip_bits_per_column() == 2);
  CHECK(Pattern::parse("L<1,6>").select_bits_per_weight() == 3);
  CHECK(Pattern::parse("L<1,6>").skip_bits_per_column() == 1);
  CHECK(Pattern::parse("L<1,8>").select_bits_per_weight() == 4);
  CHECK(Pattern::parse("X<inf,15>").select_bits_per_weight() == 0);
  CHECK(Pattern::parse("X<inf,15>").skip_bits_per_column() == 0);
}

TEST_CASE("a filter set of the wrong shape is refused") {
  CHECK_THROWS_AS(schedule(Masks(17), 17, Pattern::parse("T<2,5>")), heddle::Error);
  CHECK_THROWS_AS(schedule(Masks(5), 2, Pattern::parse("T<2,5>")), heddle::Error);
}
