// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/dram/support.h"

// Tests every parameter on its own, on DDR4-3200 (RL 22, WL 16, tRCD 22, tRP 22, tRAS 52, tRC 74, tCCD 4/8,
// tRRD 4/8, tFAW 34, tWR 24, tRTP 12, tWTR 4/12, tRTRS 1, a burst is 4 clocks): the expected instants are
// sums of those, written out beside each case.
namespace {

using dram_test::memory;
using dram_test::Places;
using dram_test::run;
using dram_test::text_of;

constexpr const char* kDdr4 = "ddr4_3200_8gb_x8";
constexpr const char* kQuiet = "controller.refresh=none";

std::string with(const std::string& more) {
  return more + " " + kQuiet;
}

}  // namespace

TEST_CASE("a single read: tRCD, then RL and the burst") {
  const auto m = memory(kDdr4, kQuiet);
  const auto commands = run(m, {Places(m).read({.row = 5})});
  CHECK(text_of(commands) == "ACT 0, RD 22");
  CHECK(commands.back().data_end == 22 + 22 + 4);
}

TEST_CASE("a single write: tRCD, then WL and the burst") {
  const auto m = memory(kDdr4, kQuiet);
  const auto commands = run(m, {Places(m).write({.row = 5})});
  CHECK(text_of(commands) == "ACT 0, WR 22");
  CHECK(commands.back().data_end == 22 + 16 + 4);
}

TEST_CASE("hits of one row: tCCD_L in one bank group, tCCD_S across two") {
  const auto m = memory(kDdr4, kQuiet);
  const Places at(m);
  CHECK(text_of(run(m, {at.read({.row = 1, .column = 0}), at.read({.row = 1, .column = 1})})) ==
        "ACT 0, RD 22, RD 30");
  // ACT of the other group at tRRD_S 4, ready at 26 = 22 + tCCD_S.
  CHECK(text_of(run(m, {at.read({.row = 1}), at.read({.bank_group = 1, .row = 1})})) ==
        "ACT 0, ACT 4, RD 22, RD 26");
}

TEST_CASE("activates: tRRD_S and tRRD_L") {
  const auto m = memory(kDdr4, kQuiet);
  const Places at(m);
  CHECK(text_of(run(m, {at.read({.bank = 0}), at.read({.bank = 1})})) == "ACT 0, ACT 8, RD 22, RD 30");
  CHECK(text_of(run(m, {at.read({.bank_group = 0}), at.read({.bank_group = 1})})) ==
        "ACT 0, ACT 4, RD 22, RD 26");
}

TEST_CASE("a fifth activate waits for tFAW") {
  const auto m = memory(kDdr4, kQuiet);
  const Places at(m);
  // Four groups at 0 4 8 12; the fifth, group 0 again, would be free at tRRD_L 8 and 12 + 4, but tFAW allows
  // it at 0 + 34 only. Reads at 22 26 30 34 meet the fifth activate on the bus at 34: the column command goes
  // first.
  const auto commands =
      run(m, {at.read({.bank_group = 0}), at.read({.bank_group = 1}), at.read({.bank_group = 2}),
              at.read({.bank_group = 3}), at.read({.bank_group = 0, .bank = 1})});
  CHECK(text_of(commands) == "ACT 0, ACT 4, ACT 8, ACT 12, RD 22, RD 26, RD 30, RD 34, ACT 35, RD 57");
}

TEST_CASE("a conflict after a read: tRAS, then tRTP, then tRP") {
  const auto m = memory(kDdr4, kQuiet);
  const Places at(m);
  // Precharge at max(0 + tRAS 52, 22 + tRTP 12); activate 22 later, which is also tRC 74.
  CHECK(text_of(run(m, {at.read({.row = 1}), at.read({.row = 2})})) == "ACT 0, RD 22, PRE 52, ACT 74, RD 96");
  // Five reads end at 54: now tRTP binds, 54 + 12.
  std::vector<dram_test::TraceRequest> reads;
  for (std::uint32_t c = 0; c < 5; ++c) reads.push_back(at.read({.row = 1, .column = c}));
  reads.push_back(at.read({.row = 2}));
  CHECK(text_of(run(m, reads)) == "ACT 0, RD 22, RD 30, RD 38, RD 46, RD 54, PRE 66, ACT 88, RD 110");
}

TEST_CASE("a conflict after a write: WL, the burst and tWR") {
  const auto m = memory(kDdr4, kQuiet);
  const Places at(m);
  // Write at 22, data ends at 42, recovered at 66.
  CHECK(text_of(run(m, {at.write({.row = 1}), at.write({.row = 2})})) ==
        "ACT 0, WR 22, PRE 66, ACT 88, WR 110");
}

TEST_CASE("writes to reads: tWTR_L in the bank group, tWTR_S in another") {
  // Watermark 1: the write goes first, because it starts a drain.
  const auto m = memory(kDdr4, with("controller.write_high_watermark=1 controller.write_low_watermark=0"));
  const Places at(m);
  // The drain ends with the write at 22; reads of the row may follow its data end 42 by tWTR_L 12.
  CHECK(text_of(run(m, {at.write({.row = 1, .column = 0}), at.read({.row = 1, .column = 1})})) ==
        "ACT 0, WR 22, RD 54");
  // Another group: its activate is issued while reads are served, at 23; its read at 23 + 22 < 42 + tWTR_S 4.
  CHECK(text_of(run(m, {at.write({.row = 1}), at.read({.bank_group = 1, .row = 1})})) ==
        "ACT 0, WR 22, ACT 23, RD 46");
}

TEST_CASE("reads to writes: the data bus turns, one clock of preamble and one idle") {
  const auto m = memory(kDdr4, kQuiet);
  const Places at(m);
  // Read data ends at 22 + 22 + 4 = 48; write data may start at 48 + 2, so the write at 50 - 16.
  CHECK(text_of(run(m, {at.read({.row = 1, .column = 0}), at.write({.row = 1, .column = 1})})) ==
        "ACT 0, RD 22, WR 34");
}

TEST_CASE("two ranks: the data bus changes between them in tRTRS") {
  const auto m = memory(kDdr4, with("controller.ranks=2"));
  const Places at(m);
  // tRRD does not apply between ranks: the second activate needs only the bus. Read at 22 + 4 + 1.
  CHECK(text_of(run(m, {at.read({.rank = 0}), at.read({.rank = 1})})) == "ACT 0, ACT 1, RD 22, RD 27");
}

TEST_CASE("an all-bank refresh closes the rank when due and keeps it for tRFC") {
  const auto m = memory(kDdr4);
  const Places at(m);
  // The row of cycle 0 is still open when tREFI 12480 comes: PREA 12480, REF 22 later, ACT tRFC 560 later.
  const auto commands = run(m, {at.read({.row = 1}), at.read({.row = 1, .column = 1}, 12481)});
  CHECK(text_of(commands) == "ACT 0, RD 22, PREA 12480, REFab 12502, ACT 13062, RD 13084");
}

TEST_CASE("a closed page precharges by itself") {
  const auto m = memory(kDdr4, with("controller.page_policy=closed"));
  const Places at(m);
  // The second read of the same row opens it anew: tRC 74 after the first, because tRAS is the longer part.
  CHECK(text_of(run(m, {at.read({.row = 1, .column = 0}), at.read({.row = 1, .column = 1})})) ==
        "ACT 0, RDA 22, ACT 74, RDA 96");
  const auto adaptive = memory(kDdr4, with("controller.page_policy=closed-adaptive"));
  CHECK(text_of(run(adaptive, {at.read({.row = 1, .column = 0}), at.read({.row = 1, .column = 1})})) ==
        "ACT 0, RD 22, RDA 30");
  // After a write: 22 + 16 + 4 + 24 = 66, and tRP.
  CHECK(text_of(run(m, {at.write({.row = 1}), at.write({.row = 2})})) == "ACT 0, WRA 22, ACT 88, WRA 110");
}

TEST_CASE("LPDDR4: commands of several clocks count from their last one") {
  // LPDDR4-3200: RL 28 + tDQSCK 6, tRCD 29, tRPpb 29, tRAS 68, tRTP 12, tCCD 8; ACT and RD take 4, PRE 2.
  const auto m = memory("lpddr4_3200_8gb_x16", kQuiet);
  const Places at(m);
  // ACT holds 0..3, RD starts 29 later; PRE's last clock is tRAS 68 after clock 3: it starts at 70. The
  // next ACT's last clock is tRP 29 after 71: it starts at 97, which is tRC.
  const auto commands = run(m, {at.read({.row = 1}), at.read({.row = 2})});
  CHECK(text_of(commands) == "ACT 0, RD 29, PRE 70, ACT 97, RD 126");
  CHECK(commands[1].data_end == 29 + 3 + 28 + 6 + 8);
}

TEST_CASE("LPDDR4: a per-bank refresh holds its bank only") {
  const auto m = memory("lpddr4_3200_8gb_x16", "controller.refresh=per-bank");
  const Places at(m);
  // Bank 0 is due at tREFIpb 780: closed there, PRE 780, REFpb 29 later, ACT of bank 0 at 809 + 224 - 2.
  // Bank 1 activates at 809 + tRREFD 16 - 2 (lengths 2 and 4) at the earliest.
  const auto commands = run(m, {at.read({.bank = 0, .row = 1}), at.read({.bank = 1, .row = 1}, 810),
                                at.read({.bank = 0, .row = 1}, 810)});
  CHECK(text_of(commands) == "ACT 0, RD 29, PRE 780, REFpb 809, ACT 823, RD 852, ACT 1031, RD 1060");
}

TEST_CASE("HBM2: row and column commands have a bus each") {
  // tRCDRD 14, tRRD_S 4, a burst of 2 clocks, tCCD_L 2 in this device's own group.
  const auto m = memory("hbm2_2000_8gb_x128", with("controller.channels=1"));
  const Places at(m);
  std::vector<dram_test::TraceRequest> reads;
  for (std::uint32_t c = 0; c < 2; ++c) reads.push_back(at.read({.row = 1, .column = c}));
  reads.push_back(at.read({.bank_group = 1, .row = 1}, 14));
  // The activate of group 1 shares clock 14 with the first read.
  CHECK(text_of(run(m, reads)) == "ACT 0, RD 14, ACT 14, RD 16, RD 28");
}
