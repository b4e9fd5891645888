// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "tests/dram/support.h"

// The time of streams in closed form, from the parameters alone.
namespace {

using dram_test::Kind;
using dram_test::memory;
using dram_test::MemoryParameters;
using dram_test::TraceRequest;
using heddle::dram::Cycle;

std::vector<TraceRequest> sequential(const MemoryParameters& m, std::uint64_t count, Kind kind = Kind::read) {
  std::vector<TraceRequest> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back({i * m.device.organisation.burst_bytes(), 0, kind});
  return out;
}

std::vector<TraceRequest> random_reads(const MemoryParameters& m, std::uint64_t count) {
  heddle::Random random(3);
  const std::uint64_t burst = m.device.organisation.burst_bytes();
  std::vector<TraceRequest> out;
  for (std::uint64_t i = 0; i < count; ++i)
    out.push_back({random.below(m.capacity_bytes() / burst) * burst, 0, Kind::read});
  return out;
}

Cycle cycles(const MemoryParameters& m, const std::vector<TraceRequest>& requests) {
  return dram_test::last_data(dram_test::run(m, requests));
}

double utilisation(const MemoryParameters& m, std::uint64_t bursts) {
  return static_cast<double>(bursts * m.device.organisation.burst_cycles()) /
         static_cast<double>(cycles(m, sequential(m, bursts)));
}

}  // namespace

TEST_CASE("reads of one open row in one bank group take tCCD_L each") {
  const auto m =
      memory("ddr4_3200_8gb_x8", "controller.refresh=none controller.address_map=ch-ra-ba-bg-ro-co");
  // 128 bursts per row: tRCD, 127 x tCCD_L, RL, the last burst.
  CHECK(cycles(m, sequential(m, 128)) == 22 + 127 * 8 + 22 + 4);
  CHECK(cycles(m, sequential(m, 128, Kind::write)) == 22 + 127 * 8 + 16 + 4);
}

TEST_CASE("a bank-serial stream without refresh: rows open one after the other") {
  const auto m =
      memory("ddr4_3200_8gb_x8", "controller.refresh=none controller.address_map=ch-ra-ba-bg-ro-co");
  // Between rows the step of tCCD_L 8 becomes tRTP 12 + tRP 22 + tRCD 22.
  CHECK(cycles(m, sequential(m, 128 * 10)) == 22 + 1279 * 8 + 9 * (56 - 8) + 22 + 4);
  // Writes: WL 16 + burst 4 + tWR 24 instead of tRTP.
  CHECK(cycles(m, sequential(m, 128 * 10, Kind::write)) == 22 + 1279 * 8 + 9 * (88 - 8) + 16 + 4);
}

TEST_CASE("reads that alternate between bank groups fill the data bus") {
  const auto m = memory("ddr4_3200_8gb_x8", "controller.refresh=none");
  // 512 bursts lie in one row of four groups: tRCD, then one burst per tCCD_S 4.
  CHECK(cycles(m, sequential(m, 512)) == 22 + 511 * 4 + 22 + 4);
}

TEST_CASE("refresh leaves 1 - tRFC/tREFI: 92.8 % of LPDDR4-4267 8 Gb, 90.3 % of 16 Gb") {
  // Besides tRFC a refresh costs closing and opening rows: less than 2.5 % below the ceiling.
  const double small = utilisation(memory("lpddr4_4267_8gb_x16"), 60000);
  CHECK(small < 1 - 599.0 / 8341);
  CHECK(small > 1 - 599.0 / 8341 - 0.025);
  const double large = utilisation(memory("lpddr4_4267_16gb_x16"), 60000);
  CHECK(large < 1 - 812.0 / 8341);
  CHECK(large > 1 - 812.0 / 8341 - 0.025);
}

TEST_CASE("per-bank refresh hides behind other banks") {
  const auto per_bank =
      memory("lpddr4_4267_8gb_x16",
             "controller.refresh=per-bank controller.queue_depth=128 controller.address_map=ro-co-ra-ba");
  CHECK(utilisation(per_bank, 60000) > utilisation(memory("lpddr4_4267_8gb_x16"), 60000));
}

TEST_CASE("random reads are bound by four activates per tFAW") {
  for (const char* name : {"ddr4_3200_8gb_x8", "ddr4_3200_8gb_x16", "lpddr4_3200_8gb_x16"}) {
    CAPTURE(name);
    const auto m = memory(name, "controller.refresh=none controller.queue_depth=128");
    const double bound = 20000.0 * std::max(m.device.timing.tFAW / 4.0, double(m.device.timing.tRRD_S));
    const auto got = static_cast<double>(cycles(m, random_reads(m, 20000)));
    CHECK(got > bound);
    CHECK(got < 1.05 * bound);
  }
}

TEST_CASE("more ranks, deeper queues and more channels help random reads") {
  const auto with = [](const char* overrides) {
    const auto m = memory("ddr4_3200_8gb_x8", overrides);
    return cycles(m, random_reads(m, 20000));
  };
  const Cycle one = with("");
  CHECK(static_cast<double>(one) >
        1.5 * static_cast<double>(with("controller.ranks=2 controller.queue_depth=64")));
  CHECK(static_cast<double>(with("controller.queue_depth=4")) > 1.5 * static_cast<double>(one));
  CHECK(static_cast<double>(one) >
        1.8 * static_cast<double>(with("controller.channels=2 controller.address_map=ro-ra-ba-co-bg-ch")));
}

// Memory cycles of two independent simulators on DDR4-3200 8 Gb x8, one rank, 100,000 sequential 64-byte
// reads all offered at once, FR-FCFS, open page, all-bank refresh.
TEST_CASE("reference points") {
  const auto near = [](Cycle got, double reference) {
    return std::abs(static_cast<double>(got) - reference) <= 0.005 * reference;
  };
  const auto serial = memory("ddr4_3200_8gb_x8", "controller.address_map=ch-ra-ba-bg-ro-co");
  const Cycle bank_serial = cycles(serial, sequential(serial, 100000));
  CAPTURE(bank_serial);
  CHECK(near(bank_serial, 880075));
  CHECK(near(bank_serial, 881017));
  for (const char* map : {"ro-ra-ba-co-bg", "ro-ra-ba-bg-co", "ro-co-ra-ba-bg"}) {
    const auto deep =
        memory("ddr4_3200_8gb_x8", std::string("controller.queue_depth=128 controller.address_map=") + map);
    const Cycle interleaved = cycles(deep, sequential(deep, 100000));
    CAPTURE(map, interleaved);
    CHECK(near(interleaved, 420778));
  }
}
