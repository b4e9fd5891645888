// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/timing_rules.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::dram {
namespace {

// Converts a distance between the last clocks of two commands, as the standards count, to one between their
// starts; at least one clock.
Cycle between(std::int64_t distance, std::uint32_t from_length, std::uint32_t to_length) {
  const std::int64_t starts = distance + std::int64_t{from_length} - std::int64_t{to_length};
  return static_cast<Cycle>(std::max<std::int64_t>(starts, 1));
}

}  // namespace

TimingRules::TimingRules(const Device& device) {
  const Timing& t = device.timing;
  const CommandLengths& c = device.commands;
  const std::int64_t burst = device.organisation.burst_cycles();
  const auto rl = std::int64_t{t.read_latency} + t.tDQSCK;
  const std::int64_t wl = t.write_latency;
  const std::int64_t write_end = wl + burst + t.write_recovery_lead;

  activate_activate_bank = t.tRC;
  activate_activate_s = t.tRRD_S;
  activate_activate_l = t.tRRD_L;
  four_activates = t.tFAW;
  activate_read = between(t.tRCDRD, c.activate, c.column);
  activate_write = between(t.tRCDWR, c.activate, c.column);
  activate_precharge = between(t.tRAS, c.activate, c.precharge);
  read_precharge = between(t.tRTP, c.column, c.precharge);
  write_precharge = between(write_end + t.tWR, c.column, c.precharge);
  precharge_precharge = t.tPPD;
  precharge_activate = between(t.tRPpb, c.precharge, c.activate);
  precharge_all_activate = between(t.tRPab, c.precharge, c.activate);

  read_read_s = write_write_s = static_cast<Cycle>(std::max<std::int64_t>(t.tCCD_S, burst));
  read_read_l = write_write_l = static_cast<Cycle>(std::max<std::int64_t>(t.tCCD_L, burst));
  read_read_o = write_write_o = static_cast<Cycle>(burst + t.tRTRS);
  read_write = between(rl + burst + t.tRPST + t.tWPRE + t.read_to_write_gap - wl, 1, 1);
  read_write_o = between(rl + burst + t.tRTRS - wl, 1, 1);
  write_read_s = between(write_end + t.tWTR_S, 1, 1);
  write_read_l = between(write_end + t.tWTR_L, 1, 1);
  write_read_o = between(wl + burst + t.tRTRS - rl, 1, 1);

  refresh_activate = between(t.tRFCab, c.refresh, c.activate);
  refresh_bank_activate = between(t.tRFCpb, c.refresh, c.activate);
  refresh_bank_activate_other = between(t.tRREFD, c.refresh, c.activate);
  refresh_bank_refresh_bank = t.tPBR2PBR;
  activate_refresh_bank = between(t.tRRD_S, c.activate, c.refresh);
  HEDDLE_CHECK(c.activate >= c.refresh, "a refresh command longer than an activate");
  activate_to_refresh = c.activate - c.refresh;

  read_data_end = static_cast<Cycle>(c.column - 1 + rl + burst);
  write_data_end = static_cast<Cycle>(c.column - 1 + wl + t.tDQSS + t.tDQS2DQ + burst);
  activate_length = c.activate;
  precharge_length = c.precharge;
  column_length = c.column;
  refresh_length = c.refresh;
}

}  // namespace heddle::dram
