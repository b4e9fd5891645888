// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/dram/device.h"

namespace heddle::dram {

// Least distances between the starts of two commands, in clocks, computed once from a device. A pair of names
// reads "from to"; _s is another bank group, _l the same one, _o another rank.
struct TimingRules {
  explicit TimingRules(const Device& device);

  Cycle activate_activate_bank, activate_activate_s, activate_activate_l, four_activates;
  Cycle activate_read, activate_write, activate_precharge;
  Cycle read_precharge, write_precharge, precharge_precharge;
  Cycle precharge_activate, precharge_all_activate;
  Cycle read_read_s, read_read_l, read_read_o;
  Cycle write_write_s, write_write_l, write_write_o;
  Cycle read_write, read_write_o;
  Cycle write_read_s, write_read_l, write_read_o;
  Cycle refresh_activate, refresh_bank_activate, refresh_bank_activate_other, refresh_bank_refresh_bank;
  Cycle activate_refresh_bank;  // of another bank
  // A bank that may activate at t may refresh at t + activate_to_refresh (commands differ in length).
  Cycle activate_to_refresh;
  Cycle read_data_end, write_data_end;  // start of the command to the end of its data
  Cycle activate_length, precharge_length, column_length, refresh_length;
};

}  // namespace heddle::dram
