// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/kernel/lane_products.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "models/laconic/kernel/queue_array.h"
#include "sim/base/error.h"
#include "sim/base/random.h"
#include "sim/kernel/terms.h"
#include "tests/support/targets.h"

using heddle::Random;
using heddle::models::laconic::barrier_steps;
using heddle::models::laconic::pair_steps;
using heddle::models::laconic::QueueArray;

namespace {

std::vector<std::uint8_t> random_counts(Random& random, std::size_t bricks) {
  std::vector<std::uint8_t> counts(bricks * 16);
  const auto most = random.between(0, 17);
  for (auto& c : counts) c = static_cast<std::uint8_t>(random.between(0, most));
  return counts;
}

std::uint16_t by_lanes(const std::uint8_t* weights, const std::uint8_t* activations) {
  int most = 1;
  for (int l = 0; l < 16; ++l) most = std::max(most, weights[l] * activations[l]);
  return static_cast<std::uint16_t>(most);
}

// The recurrence, which keeps the ends of all steps: end[s][i][j].
std::uint64_t by_recurrence(const std::vector<std::vector<std::uint16_t>>& steps, std::size_t rows,
                            std::size_t columns, std::uint32_t depth) {
  std::vector<std::vector<std::uint64_t>> ends;
  const auto end = [&](std::size_t s, std::size_t i, std::size_t j) { return ends[s][i * columns + j]; };
  for (std::size_t s = 0; s < steps.size(); ++s) {
    std::vector<std::uint64_t> now(rows * columns);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        std::uint64_t begin = s > 0 ? end(s - 1, i, j) : 0;
        const std::uint64_t own = begin;
        for (std::size_t k = 0; s >= depth && k < columns; ++k) begin = std::max(begin, end(s - depth, i, k));
        for (std::size_t k = 0; s >= depth && k < rows; ++k) begin = std::max(begin, end(s - depth, k, j));
        const std::uint64_t cycles = steps[s][i * columns + j];
        now[i * columns + j] = cycles == 0 ? own : begin + cycles;
      }
    }
    ends.push_back(now);
  }
  return ends.empty() ? 0 : *std::max_element(ends.back().begin(), ends.back().end());
}

}  // namespace

TEST_CASE("steps in bulk and all pairs of a step agree with the lanes, on every instruction set") {
  heddle::test::for_each_target([] {
    Random random(31);
    for (int round = 0; round < 300; ++round) {
      const auto steps = static_cast<std::size_t>(random.between(0, round % 30 == 0 ? 700 : 40));
      const auto weights = random_counts(random, steps);
      const auto activations = random_counts(random, steps);
      std::vector<std::uint16_t> out(steps);
      barrier_steps(weights, activations, out);
      for (std::size_t s = 0; s < steps; ++s)
        REQUIRE(out[s] == by_lanes(&weights[s * 16], &activations[s * 16]));

      const auto rows = static_cast<std::size_t>(random.between(0, 9));
      const auto row_counts = random_counts(random, rows);
      std::vector<std::uint16_t> pairs(rows * steps);
      pair_steps(row_counts, activations, pairs);
      for (std::size_t p = 0; p < pairs.size(); ++p) {
        REQUIRE(pairs[p] == by_lanes(&row_counts[p / steps * 16], &activations[p % steps * 16]));
      }
    }
  });
}

TEST_CASE("the barrier form by lane maxima is the maximum over all pairs") {
  Random random(32);
  for (int round = 0; round < 500; ++round) {
    const auto weights = random_counts(random, 8);
    const auto activations = random_counts(random, 16);
    std::vector<std::uint16_t> pairs(std::size_t{8} * 16);
    pair_steps(weights, activations, pairs);
    std::array<std::uint8_t, 16> max_weights;
    std::array<std::uint8_t, 16> max_activations;
    heddle::kernel::max_terms_per_lane(weights, max_weights);
    heddle::kernel::max_terms_per_lane(activations, max_activations);
    std::array<std::uint16_t, 1> step{};
    barrier_steps(max_weights, max_activations, step);
    REQUIRE(step[0] == *std::max_element(pairs.begin(), pairs.end()));
  }
}

TEST_CASE("queues agree with the recurrence, and deeper queues never take longer") {
  Random random(33);
  for (int round = 0; round < 200; ++round) {
    const auto rows = static_cast<std::size_t>(random.between(1, 9));
    const auto columns = static_cast<std::size_t>(random.between(1, 17));
    std::vector<std::vector<std::uint16_t>> steps(static_cast<std::size_t>(random.between(0, 12)));
    const auto present_rows =
        random.chance(2) ? rows
                         : static_cast<std::size_t>(random.between(1, static_cast<std::int64_t>(rows)));
    std::uint64_t barrier = 0;
    for (auto& step : steps) {
      for (std::size_t p = 0; p < rows * columns; ++p) {
        step.push_back(p / columns < present_rows ? static_cast<std::uint16_t>(random.between(1, 40)) : 0);
      }
      barrier += *std::max_element(step.begin(), step.end());
    }
    std::uint64_t previous = barrier;  // no queue is slower than stepping together
    for (const std::uint32_t depth : {1U, 2U, 3U, 20U, QueueArray::kUnlimited}) {
      QueueArray array(rows, columns, depth);
      for (const auto& step : steps) array.step(step);
      REQUIRE(array.finish_cycles() == by_recurrence(steps, rows, columns, depth));
      REQUIRE(array.finish_cycles() <= previous);
      previous = array.finish_cycles();
    }
  }
}

TEST_CASE("lane products refuse unequal shapes") {
  std::array<std::uint8_t, 32> two{};
  std::array<std::uint16_t, 1> out{};
  CHECK_THROWS_AS(heddle::models::laconic::barrier_steps(two, two, out), heddle::Error);
  CHECK_THROWS_AS(heddle::models::laconic::pair_steps(two, two, out), heddle::Error);
  CHECK_THROWS_AS(
      heddle::models::laconic::barrier_steps(std::span(two).first(17), std::span(two).first(17), out),
      heddle::Error);
  CHECK_THROWS_AS(QueueArray(1, 1, 0), heddle::Error);
}
