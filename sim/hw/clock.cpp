// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/clock.h"

namespace heddle::hw {

void set_time_resolution() {
  static bool done = false;
  if (!done) sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
  done = true;
}

Clock Clock::of_frequency(double megahertz) {
  constexpr double kFemtosecondsAMicrosecond = 1e9;
  return Clock(sc_core::sc_time(kFemtosecondsAMicrosecond / megahertz, sc_core::SC_FS));
}

}  // namespace heddle::hw
