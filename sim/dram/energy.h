// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/base/quantity.h"
#include "sim/config/json_document.h"
#include "sim/dram/command.h"

namespace heddle::dram {

// Energy of one event of one rank (all its devices together) and background power, from the device's
// currents: the sum over rails of V x (current of the operation - current of the state in which it happens) x
// time.
struct EnergyPerEvent {
  Picojoules activate_precharge;
  Picojoules read_burst;
  Picojoules write_burst;
  Picojoules refresh_all;
  Picojoules refresh_bank;
  double active_standby_mw = 0;
  double precharge_standby_mw = 0;
};

struct EnergyReport {
  Picojoules activate_precharge;
  Picojoules read;
  Picojoules write;
  Picojoules refresh;
  Picojoules background;
  [[nodiscard]] Picojoules total() const { return activate_precharge + read + write + refresh + background; }
};

// Nothing when the device's source gives no currents.
std::optional<EnergyPerEvent> energy_per_event(const Device& device);
// `cycles`: the time that the counters cover; `ranks` counts the ranks of all channels.
std::optional<EnergyReport> energy_of(const Device& device, const ChannelCounters& counters,
                                      std::uint64_t ranks, std::uint64_t cycles);

// In picojoules, one key per part and "total".
config::Json to_json(const EnergyReport& energy);

}  // namespace heddle::dram
