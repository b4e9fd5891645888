// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/run_mover.h"

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "tests/dram/support.h"

using dram_test::Kind;
using dram_test::memory;
using heddle::dram::Cycle;
using heddle::dram::RunMover;

namespace {

// Waits for the announced bound until the run has ended; returns its end and counts the steps.
Cycle finish(RunMover& mover, RunMover::Ticket ticket, int& steps) {
  while (!mover.issued(ticket)) {
    mover.advance(mover.completion(ticket));
    ++steps;
  }
  return mover.completion(ticket);
}

}  // namespace

TEST_CASE("a run takes as long as its bursts take one by one, in few steps") {
  for (const char* name : {"ddr4_3200_8gb_x8", "lpddr4_4267_8gb_x16", "hbm2_2000_8gb_x128"}) {
    CAPTURE(name);
    const auto m = memory(name);
    const std::uint64_t burst = m.device.organisation.burst_bytes();
    std::vector<dram_test::TraceRequest> requests;
    for (std::uint64_t i = 0; i < 20000; ++i) requests.push_back({i * burst, 0, Kind::read});
    RunMover mover(m);
    int steps = 0;
    CHECK(finish(mover, mover.start({.address = 0, .bytes = 20000 * burst, .kind = Kind::read}, 0), steps) ==
          dram_test::last_data(dram_test::run(m, requests)));
    CHECK(steps < 40);
  }
}

TEST_CASE("completion() is never later than the end, however often it is asked") {
  const auto m = memory("ddr4_3200_8gb_x8");
  heddle::Random random(6);
  RunMover mover(m);
  Cycle now = 0;
  for (int round = 0; round < 50; ++round) {
    const auto a = mover.start(
        {.address = random.below(1 << 30), .bytes = 1 + random.below(9000), .kind = Kind::read}, now);
    const auto b = mover.start(
        {.address = random.below(1 << 30), .bytes = 1 + random.below(9000), .kind = Kind::write}, now);
    std::vector<Cycle> bounds;
    while (!mover.issued(a)) {
      bounds.push_back(mover.completion(a));
      mover.advance(now = std::min(bounds.back(), now + 1 + random.below(60)));
    }
    const Cycle end = mover.completion(a);
    CHECK(std::all_of(bounds.begin(), bounds.end(), [&](Cycle bound) { return bound <= end; }));
    while (!mover.issued(b)) mover.advance(now = mover.completion(b));
    mover.release(a);
    mover.release(b);
  }
}

TEST_CASE("how often advance() is called does not change the result") {
  const auto m = memory("ddr4_3200_8gb_x8");
  const auto ends = [&](Cycle step) {
    RunMover mover(m);
    const auto a = mover.start({.address = 0, .bytes = 100000, .kind = Kind::read}, 0);
    const auto b = mover.start({.address = 1 << 20, .bytes = 70000, .kind = Kind::write}, 0);
    for (Cycle now = 0; !mover.issued(a) || !mover.issued(b); now += step) mover.advance(now);
    return std::pair(mover.completion(a), mover.completion(b));
  };
  CHECK(ends(1) == ends(1000));
  CHECK(ends(7) == ends(100000));
}

TEST_CASE("bytes moved are the bursts that the runs touch") {
  const auto m = memory("ddr4_3200_8gb_x8");
  RunMover mover(m);
  int steps = 0;
  const auto a = mover.start({.address = 60, .bytes = 8, .kind = Kind::read}, 0);
  const auto b = mover.start({.address = 128, .bytes = 65, .kind = Kind::write}, 0);
  finish(mover, a, steps);
  finish(mover, b, steps);
  CHECK(mover.read_bytes() == 128);
  CHECK(mover.write_bytes() == 128);
  CHECK(mover.counters().reads == 2);
  CHECK(mover.counters().writes == 2);
}

TEST_CASE("every command, except those of refreshes, belongs to the owner whose run it serves") {
  for (const char* name : {"ddr4_3200_8gb_x8", "lpddr4_4267_8gb_x16"}) {
    CAPTURE(name);
    const auto m = memory(name);
    const std::uint64_t burst = m.device.organisation.burst_bytes();
    heddle::Random random(7);
    RunMover mover(m);
    std::uint64_t bursts[3] = {0, 0, 0};
    Cycle now = 0;
    for (int round = 0; round < 300; ++round) {
      std::vector<RunMover::Ticket> tickets;
      for (std::uint32_t owner = 0; owner < 3; ++owner) {
        const std::uint64_t count = 1 + random.below(200);
        bursts[owner] += count;
        tickets.push_back(mover.start({.address = random.below(1 << 20) * burst,
                                       .bytes = count * burst,
                                       .kind = owner == 2 ? Kind::write : Kind::read,
                                       .owner = owner},
                                      now));
      }
      for (const auto ticket : tickets) {
        while (!mover.issued(ticket)) mover.advance(now = mover.completion(ticket));
        mover.release(ticket);
      }
    }
    const auto all = mover.counters();
    heddle::dram::ChannelCounters sum;
    for (std::uint32_t owner = 0; owner < 3; ++owner) {
      const auto& served = mover.served()[owner];
      CHECK(served.reads == (owner == 2 ? 0 : bursts[owner]));
      CHECK(served.writes == (owner == 2 ? bursts[owner] : 0));
      CHECK(served.activates > 0);
      sum += served;
    }
    CHECK(sum.row_hits == all.row_hits);
    CHECK(sum.activates == all.activates);
    CHECK(sum.precharges < all.precharges);
    CHECK(all.refreshes_all_bank > 0);
    CHECK(sum.refreshes_all_bank == 0);
  }
}
