// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/clock.h"

namespace heddle::hw {

void set_time_resolution() {
  static bool done = false;
  if (!done) sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
  done = true;
}

void refuse_time() {
  throw Error(
      ErrorKind::config, "",
      "the run takes more than 18,446 s of simulated time, the most that SystemC counts in femtoseconds: "
      "a faster memory, a shorter latency or a smaller network is needed");
}

sc_core::sc_time later(const sc_core::sc_time& instant, const sc_core::sc_time& by) {
  if (by.value() > std::numeric_limits<std::uint64_t>::max() - instant.value()) refuse_time();
  return instant + by;
}

Clock Clock::of_frequency(double megahertz) {
  constexpr double kFemtosecondsAMicrosecond = 1e9;
  return Clock(sc_core::sc_time(kFemtosecondsAMicrosecond / megahertz, sc_core::SC_FS));
}

}  // namespace heddle::hw
