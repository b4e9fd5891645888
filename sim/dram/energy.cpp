// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/energy.h"

namespace heddle::dram {
namespace {

constexpr double kPicojoulesPerJoule = 1e12;

}  // namespace

std::optional<EnergyPerEvent> energy_per_event(const Device& device) {
  if (!device.has_energy()) return std::nullopt;
  const Timing& t = device.timing;
  const double clock_s = device.clock_period_ps * 1e-12;
  const double devices = device.organisation.devices_per_rank;
  const double burst_s = device.organisation.burst_cycles() * clock_s;
  EnergyPerEvent out;
  for (const Rail& rail : device.rails) {
    const double scale = rail.volts * devices * kPicojoulesPerJoule;
    out.activate_precharge += Picojoules(
        scale * clock_s * (rail.idd0_a * t.tRC - rail.idd3n_a * t.tRAS - rail.idd2n_a * (t.tRC - t.tRAS)));
    out.read_burst += Picojoules(scale * (rail.idd4r_a - rail.idd3n_a) * burst_s);
    out.write_burst += Picojoules(scale * (rail.idd4w_a - rail.idd3n_a) * burst_s);
    out.refresh_all += Picojoules(scale * (rail.idd5_a - rail.idd3n_a) * t.tRFCab * clock_s);
    // IDD5PB is an average over tREFIpb with the other banks precharged, not a burst current like IDD5.
    if (rail.idd5pb_a > 0)
      out.refresh_bank += Picojoules(scale * (rail.idd5pb_a - rail.idd2n_a) * t.tREFIpb * clock_s);
    out.active_standby_mw += rail.volts * devices * rail.idd3n_a * 1e3;
    out.precharge_standby_mw += rail.volts * devices * rail.idd2n_a * 1e3;
  }
  // Without that current, refreshing one bank costs its share of an all-bank refresh.
  if (out.refresh_bank == Picojoules(0))
    out.refresh_bank = Picojoules(out.refresh_all.count() / device.organisation.banks());
  return out;
}

std::optional<EnergyReport> energy_of(const Device& device, const ChannelCounters& counters,
                                      std::uint64_t ranks, std::uint64_t cycles) {
  const auto each = energy_per_event(device);
  if (!each) return std::nullopt;
  EnergyReport out;
  out.activate_precharge = each->activate_precharge * static_cast<double>(counters.activates);
  out.read = each->read_burst * static_cast<double>(counters.reads);
  out.write = each->write_burst * static_cast<double>(counters.writes);
  out.refresh = each->refresh_all * static_cast<double>(counters.refreshes_all_bank) +
                each->refresh_bank * static_cast<double>(counters.refreshes_per_bank);
  const double clock_ns = device.clock_period_ps * 1e-3;
  const std::uint64_t all = cycles * ranks;
  const std::uint64_t active = counters.rank_active_cycles < all ? counters.rank_active_cycles : all;
  out.background = Picojoules(clock_ns * (static_cast<double>(active) * each->active_standby_mw +
                                          static_cast<double>(all - active) * each->precharge_standby_mw));
  return out;
}

config::Json to_json(const EnergyReport& energy) {
  return {{"activate_precharge", energy.activate_precharge.count()},
          {"read", energy.read.count()},
          {"write", energy.write.count()},
          {"refresh", energy.refresh.count()},
          {"background", energy.background.count()},
          {"total", energy.total().count()}};
}

}  // namespace heddle::dram
