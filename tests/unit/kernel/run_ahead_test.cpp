// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/run_ahead.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/base/random.h"
#include "sim/kernel/round_robin.h"

using heddle::kernel::RoundRobin;
using heddle::kernel::RunAhead;
using Steps = std::vector<std::vector<std::uint32_t>>;

namespace {

// The recurrence with every E(k) kept.
std::uint64_t by_recurrence(const Steps& steps, std::size_t columns, std::uint32_t registers) {
  std::vector<std::uint64_t> ends(columns);
  std::vector<std::uint64_t> latest;
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const bool waits = registers != RunAhead::kUnlimited && k >= std::size_t{registers} + 1;
    const std::uint64_t ready = waits ? latest[k - 1 - registers] : 0;
    for (std::size_t j = 0; j < columns; ++j) {
      if (steps[k][j] != 0) ends[j] = std::max(ends[j], ready) + steps[k][j];
    }
    latest.push_back(*std::max_element(ends.begin(), ends.end()));
  }
  return latest.empty() ? 0 : latest.back();
}

// DNNsim's wording: `ready` is set after each step for the next one.
std::uint64_t by_ready(const Steps& steps, std::size_t columns, std::uint32_t registers) {
  std::vector<std::uint64_t> f(columns);
  std::vector<std::uint64_t> m;
  std::uint64_t ready = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (std::size_t g = 0; g < columns; ++g) f[g] = std::max(ready, f[g]) + steps[i][g];
    m.push_back(*std::max_element(f.begin(), f.end()));
    ready = i >= registers ? m[i - registers] : 0;
  }
  return m.empty() ? 0 : m.back();
}

// Cycles in which a column that was there in its last step does nothing, every E(k) kept.
std::uint64_t waiting_by_recurrence(const Steps& steps, std::size_t columns, std::uint32_t registers) {
  std::uint64_t waiting = 0;
  for (std::size_t j = 0; j < columns; ++j) {
    std::uint64_t end = 0;
    bool is_absent = false;
    const auto wait_until = [&](std::uint64_t time) {
      if (time > end && !is_absent) waiting += time - end;
      end = std::max(end, time);
    };
    for (std::size_t k = 0; k < steps.size(); ++k) {
      if (registers != RunAhead::kUnlimited && k > registers) {
        const Steps before(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(k - registers));
        wait_until(by_recurrence(before, columns, registers));
      }
      is_absent = steps[k][j] == 0;
      end += steps[k][j];
    }
    wait_until(by_recurrence(steps, columns, registers));
  }
  return waiting;
}

struct Outcome {
  std::uint64_t finish, waiting;
};

Outcome run(const Steps& steps, std::size_t columns, std::uint32_t registers) {
  RunAhead model(columns, registers);
  for (const auto& step : steps) model.step(step);
  const auto before = model.finish_cycles();
  model.drain();
  REQUIRE(model.finish_cycles() == before);
  return {model.finish_cycles(), model.weighted_waiting()};
}

}  // namespace

TEST_CASE("two columns over three steps take 13, 10 and 10 cycles") {
  const Steps steps{{2, 5}, {4, 2}, {4, 2}};
  CHECK(run(steps, 2, 0).finish == 13);
  CHECK(run(steps, 2, 1).finish == 10);
  CHECK(run(steps, 2, RunAhead::kUnlimited).finish == 10);
  CHECK(run(steps, 2, 0).waiting == 26 - 19);
  CHECK(run(steps, 2, RunAhead::kUnlimited).waiting == 20 - 19);
}

TEST_CASE("an absent column neither costs nor waits") {
  const Steps steps{{3, 5}, {4, 0}};
  CHECK(run(steps, 2, 0).finish == 9);
  CHECK(run(steps, 2, 0).waiting == 2);
  CHECK(run(steps, 2, 1).finish == 7);
  CHECK(run(steps, 2, 1).waiting == 0);
}

TEST_CASE("run-ahead agrees with the written recurrences; column-cycles add up; registers only help") {
  heddle::Random random(21);
  for (int round = 0; round < 800; ++round) {
    const auto columns = static_cast<std::size_t>(random.between(1, 17));
    const bool holes = random.chance(2);
    Steps steps(static_cast<std::size_t>(random.between(0, 30)));
    std::uint64_t work = 0;
    for (auto& step : steps) {
      for (std::size_t j = 0; j < columns; ++j) {
        step.push_back(holes && random.chance(5) ? 0 : static_cast<std::uint32_t>(random.between(1, 16)));
        work += step.back();
      }
    }
    std::uint64_t previous = ~std::uint64_t{0};
    for (const std::uint32_t registers : {0U, 1U, 2U, 3U, 7U, 40U, RunAhead::kUnlimited}) {
      const Outcome got = run(steps, columns, registers);
      REQUIRE(got.finish == by_recurrence(steps, columns, registers));
      REQUIRE(got.finish == by_ready(steps, columns, registers));
      REQUIRE(got.waiting == waiting_by_recurrence(steps, columns, registers));
      REQUIRE(work + got.waiting <= columns * got.finish);
      REQUIRE((holes || work + got.waiting == columns * got.finish));
      REQUIRE(got.finish <= previous);
      previous = got.finish;
    }
  }
}

TEST_CASE("a drain is a barrier: the next step starts where the slowest column ended") {
  heddle::Random random(22);
  for (const std::uint32_t registers : {0U, 1U, 3U, RunAhead::kUnlimited}) {
    RunAhead whole(4, registers);
    std::uint64_t sum = 0;
    for (int block = 0; block < 5; ++block) {
      RunAhead part(4, registers);
      for (int k = 0; k < 9; ++k) {
        std::array<std::uint32_t, 4> cycles{};
        for (auto& c : cycles) c = static_cast<std::uint32_t>(random.between(1, 16));
        whole.step(cycles);
        part.step(cycles);
      }
      whole.drain();
      sum += part.finish_cycles();
    }
    CHECK(whole.finish_cycles() == sum);
  }
}

TEST_CASE("run-ahead refuses a wrong number of columns") {
  RunAhead model(2, 1);
  CHECK_THROWS_AS(model.step(std::array<std::uint32_t, 3>{}), heddle::Error);
  CHECK_THROWS_AS(RunAhead(0, 1), heddle::Error);
  CHECK_THROWS_AS(RoundRobin(0), heddle::Error);
}

TEST_CASE("round-robin issue: equal bricks have the closed form, others the written recurrence") {
  for (std::size_t columns = 1; columns <= 18; ++columns) {
    for (std::uint64_t cycles = 1; cycles <= 20; ++cycles) {
      RoundRobin model(columns);
      if (model.finish_cycles() != heddle::kernel::round_robin_cycles(0, columns, cycles)) FAIL("no bricks");
      for (std::uint64_t bricks = 1; bricks < 60; ++bricks) {
        model.issue(cycles);
        if (model.finish_cycles() != heddle::kernel::round_robin_cycles(bricks, columns, cycles)) {
          FAIL(columns << " columns, " << cycles << " cycles, " << bricks << " bricks");
        }
        if (cycles <= columns && model.finish_cycles() != bricks + cycles - 1) FAIL("Stripes' formula");
      }
    }
  }
  heddle::Random random(23);
  for (int round = 0; round < 300; ++round) {
    const auto columns = static_cast<std::size_t>(random.between(1, 16));
    std::vector<std::uint8_t> cycles(static_cast<std::size_t>(random.between(0, 100)));
    for (auto& c : cycles) c = static_cast<std::uint8_t>(random.between(1, 30));
    // Start of brick i: one after brick i - 1, and after brick i - columns has ended.
    std::vector<std::uint64_t> start(cycles.size());
    std::uint64_t finish = 0;
    for (std::size_t i = 0; i < cycles.size(); ++i) {
      if (i > 0) start[i] = start[i - 1] + 1;
      if (i >= columns) start[i] = std::max(start[i], start[i - columns] + cycles[i - columns]);
      finish = std::max(finish, start[i] + cycles[i]);
    }
    RoundRobin model(columns);
    model.issue_all(cycles);
    REQUIRE(model.finish_cycles() == finish);
  }
}

TEST_CASE("a waiting cycle counts the weight of the column's last step") {
  // Barriers: column 0 waits 3 cycles at weight 10, then column 1 waits 2 at weight 7.
  RunAhead barrier(2, 0);
  barrier.step(std::array<std::uint32_t, 2>{2, 5}, std::array<std::uint64_t, 2>{10, 3});
  barrier.step(std::array<std::uint32_t, 2>{4, 2}, std::array<std::uint64_t, 2>{1, 7});
  CHECK(barrier.weighted_waiting() == 3 * 10 + 2 * 7);
  // One register: steps (2,5), (4,2), (4,2) end at 10. Column 0 runs 2, 6, 10 and never waits; column 1 runs
  // 5, 7, then starts its third step at 7 and ends at 9: one cycle at its last weight.
  RunAhead one(2, 1);
  one.step(std::array<std::uint32_t, 2>{2, 5}, std::array<std::uint64_t, 2>{1, 1});
  one.step(std::array<std::uint32_t, 2>{4, 2}, std::array<std::uint64_t, 2>{1, 1});
  one.step(std::array<std::uint32_t, 2>{4, 2}, std::array<std::uint64_t, 2>{1, 100});
  one.drain();
  CHECK(one.weighted_waiting() == 100);
}

TEST_CASE("weighted waiting is the waiting of each column times its weight") {
  heddle::Random random(23);
  for (int round = 0; round < 200; ++round) {
    const auto columns = static_cast<std::size_t>(random.between(1, 6));
    std::vector<std::uint64_t> weights(columns);
    for (auto& w : weights) w = static_cast<std::uint64_t>(random.between(1, 50));
    const auto steps = static_cast<std::size_t>(random.between(1, 12));
    for (const std::uint32_t registers : {0U, 1U, 3U, RunAhead::kUnlimited}) {
      RunAhead model(columns, registers);
      std::vector<std::uint64_t> work(columns);
      for (std::size_t k = 0; k < steps; ++k) {
        std::vector<std::uint32_t> cycles(columns);
        for (std::size_t j = 0; j < columns; ++j) {
          cycles[j] = static_cast<std::uint32_t>(random.between(1, 9));
          work[j] += cycles[j];
        }
        model.step(cycles, weights);
      }
      model.drain();
      // Every column exists from 0 to the end: it waits whenever it does not work.
      std::uint64_t expected = 0;
      for (std::size_t j = 0; j < columns; ++j) expected += (model.finish_cycles() - work[j]) * weights[j];
      REQUIRE(model.weighted_waiting() == expected);
    }
  }
}
