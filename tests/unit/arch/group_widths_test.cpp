// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/group_widths.h"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "sim/base/random.h"

namespace {

using namespace heddle;

arch::AssumedWidths assumed(const config::Json& section) {
  const auto document = config::parse_json(config::Json{{"group_widths", section}}.dump(), "x.json");
  return arch::AssumedWidths::from(
      document, config::read(document, "/group_widths", arch::AssumedWidths::declaration()));
}

}  // namespace

TEST_CASE("a mean is made of the two whole widths around it") {
  // 5.25 = 5 * 75 % + 6 * 25 %.
  const auto widths = assumed({{"assumed_mean_bits", 5.25}}).assign(1000, 16);
  CHECK(std::count(widths.begin(), widths.end(), 5) == 750);
  CHECK(std::count(widths.begin(), widths.end(), 6) == 250);
  CHECK(assumed({{"assumed_mean_bits", 16}}).assign(3, 16) == std::vector<std::uint8_t>{16, 16, 16});
  CHECK(assumed({{"assumed_mean_bits", 1}}).assign(0, 16).empty());
  CHECK_FALSE(assumed(config::Json::object()).is_stated());
}

TEST_CASE("each width of a histogram has its share of any number of groups, and no width exceeds Pw") {
  for (std::uint64_t c = 0; c < 500; ++c) {
    Random random(c, "histogram");
    config::Json histogram = config::Json::object();
    std::array<double, 17> shares{};
    double sum = 0;
    for (unsigned k = 0; k < 1 + c % 5; ++k) {
      const auto width = static_cast<unsigned>(random.between(1, 16));
      shares.at(width) = static_cast<double>(random.between(1, 1000)) / 16;
      histogram[std::to_string(width)] = shares.at(width);
    }
    for (const double share : shares) sum += share;
    const auto groups = static_cast<std::size_t>(random.between(1, 5000));
    const auto assume = assumed({{"histogram", histogram}});
    const auto widths = assume.assign(groups, 16);
    REQUIRE(widths.size() == groups);
    for (unsigned width = 1; width <= 16; ++width) {
      const auto count = std::count(widths.begin(), widths.end(), static_cast<std::uint8_t>(width));
      CHECK(std::abs(static_cast<double>(count) - shares.at(width) / sum * static_cast<double>(groups)) <= 1);
    }
    CHECK(assume.assign(groups, 16) == widths);
    const auto narrow = assume.assign(groups, 7);
    for (std::size_t i = 0; i < groups; ++i) CHECK(narrow[i] == std::min<unsigned>(widths[i], 7));
  }
}

TEST_CASE("a width is spread over the groups") {
  // Half of the groups have 4 bits: in any 100 neighbours of 1000 there are close to 50.
  const auto widths = assumed({{"histogram", {{"4", 1}, {"9", 1}}}}).assign(1000, 16);
  for (std::size_t first = 0; first + 100 <= widths.size(); first += 50) {
    const auto from = widths.begin() + static_cast<std::ptrdiff_t>(first);
    CHECK(std::abs(std::count(from, from + 100, 4) - 50) <= 5);
  }
}
