// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/energy.h"

#include <catch2/catch.hpp>

#include "tests/dram/support.h"

using dram_test::memory;

// Expected values were computed by hand from the same currents with the formulas of docs/dram.md.
TEST_CASE("LPDDR4-3200: picojoules per bit and per event over three supplies") {
  const auto each = heddle::dram::energy_per_event(memory("lpddr4_3200_8gb_x16").device);
  REQUIRE(each);
  CHECK(each->read_burst.count() / 256 == Approx(8.47).epsilon(0.001));
  CHECK(each->write_burst.count() / 256 == Approx(5.03).epsilon(0.001));
  CHECK(each->activate_precharge.count() == Approx(1204.7).epsilon(0.001));
  CHECK(each->refresh_all.count() == Approx(22390).epsilon(0.001));
  CHECK(each->active_standby_mw == Approx(37.88).epsilon(0.001));
  CHECK(each->precharge_standby_mw == Approx(34.13).epsilon(0.001));
  // 1.8 V x 0.5 mA + 1.1 V x 3 mA over tREFIpb 487.5 ns.
  CHECK(each->refresh_bank.count() == Approx(4.2e-3 * 487.5e3).epsilon(0.001));
}

TEST_CASE("DDR4-3200: the eight devices of a rank together") {
  const auto each = heddle::dram::energy_per_event(memory("ddr4_3200_8gb_x8").device);
  REQUIRE(each);
  CHECK(each->read_burst.count() / 512 == Approx(5.44).epsilon(0.001));
  CHECK(each->write_burst.count() / 512 == Approx(4.59).epsilon(0.001));
  CHECK(each->activate_precharge.count() == Approx(4200.0).epsilon(0.001));
  CHECK(each->refresh_all.count() == Approx(665280).epsilon(0.001));
  CHECK(each->active_standby_mw == Approx(499.2));
}

TEST_CASE("a device without currents has no energy") {
  CHECK_FALSE(heddle::dram::energy_per_event(memory("lpddr4_4267_8gb_x16").device));
  CHECK_FALSE(heddle::dram::energy_of(memory("hbm2_2000_pseudo_channel").device, {}, 1, 100));
}

TEST_CASE("energy is counters times energies, background by the time with an open row") {
  const auto device = memory("ddr4_3200_8gb_x8").device;
  const heddle::dram::ChannelCounters counters{
      .activates = 2, .reads = 3, .writes = 5, .refreshes_all_bank = 7, .rank_active_cycles = 400};
  const auto energy = heddle::dram::energy_of(device, counters, 1, 1000);
  REQUIRE(energy);
  CHECK(energy->activate_precharge.count() == Approx(2 * 4200.0).epsilon(0.001));
  CHECK(energy->read.count() == Approx(3 * 2784.0));
  CHECK(energy->refresh.count() == Approx(7 * 665280.0));
  // 400 clocks of 0.625 ns at 499.2 mW, 600 at 355.2 mW.
  CHECK(energy->background.count() == Approx(400 * 0.625 * 499.2 + 600 * 0.625 * 355.2));
  CHECK(energy->total().count() ==
        Approx(energy->activate_precharge.count() + energy->read.count() + energy->write.count() +
               energy->refresh.count() + energy->background.count()));
}

TEST_CASE("the time with an open row is counted once, also across automatic precharges") {
  const auto m = memory("ddr4_3200_8gb_x8", "controller.refresh=none controller.page_policy=closed");
  heddle::dram::MemorySystem system(m);
  const dram_test::Places at(m);
  std::vector<dram_test::TraceRequest> requests{at.read({.row = 1}), at.read({.bank_group = 1, .row = 1})};
  std::size_t next = 0;
  heddle::dram::drive_requests(
      system,
      [&]() -> std::optional<dram_test::TraceRequest> {
        return next < 2 ? std::optional(requests[next++]) : std::nullopt;
      },
      [] { return std::string(); }, [](const heddle::dram::Issued&) {});
  // ACT 0 and 4, each open for tRAS 52: from 0 to 56.
  CHECK(system.counters(1000).rank_active_cycles == 56);
}
