// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/dram/command.h"

namespace heddle::dram {

// Energy of one event of one rank (all its devices together), and background power, from the device's
// currents: sum over rails of V x (current of the operation - current of the state it happens in) x time.
struct EnergyPerEvent {
  double activate_precharge_pj = 0;
  double read_burst_pj = 0;
  double write_burst_pj = 0;
  double refresh_all_pj = 0;
  double refresh_bank_pj = 0;
  double active_standby_mw = 0;
  double precharge_standby_mw = 0;
};

struct EnergyReport {
  double activate_precharge_pj = 0;
  double read_pj = 0;
  double write_pj = 0;
  double refresh_pj = 0;
  double background_pj = 0;
  [[nodiscard]] double total_pj() const {
    return activate_precharge_pj + read_pj + write_pj + refresh_pj + background_pj;
  }
};

// Nothing when the device's source gives no currents.
std::optional<EnergyPerEvent> energy_per_event(const Device& device);
// `cycles` is the length of the account; `ranks` counts the ranks of all channels.
std::optional<EnergyReport> energy_of(const Device& device, const ChannelCounters& counters,
                                      std::uint64_t ranks, std::uint64_t cycles);

}  // namespace heddle::dram
