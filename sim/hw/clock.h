// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include <systemc>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::hw {

// Sets SystemC's resolution to a femtosecond, so that 980 MHz is off by less than one part in a million.
// Before any other use of SystemC; later calls in the same process change nothing.
void set_time_resolution();

// `by` after `instant`. Throws Error(config) where simulated time ends, after five hours.
sc_core::sc_time later(const sc_core::sc_time& instant, const sc_core::sc_time& by);
[[noreturn]] void refuse_time();

// Cycles to simulated time and back in integers: no rounding, whatever the period.
class Clock {
 public:
  explicit Clock(const sc_core::sc_time& period) : ticks_(period.value()) {
    HEDDLE_CHECK(ticks_ > 0, "a clock needs a period above zero");
  }
  // The period is rounded to SystemC's resolution.
  static Clock of_frequency(double megahertz);

  [[nodiscard]] sc_core::sc_time span(Cycles cycles) const {
    if (cycles.count() > std::numeric_limits<std::uint64_t>::max() / ticks_) refuse_time();
    return sc_core::sc_time::from_value(ticks_ * cycles.count());
  }
  [[nodiscard]] sc_core::sc_time after(const sc_core::sc_time& instant, Cycles cycles) const {
    return later(instant, span(cycles));
  }
  [[nodiscard]] Cycles elapsed(const sc_core::sc_time& from, const sc_core::sc_time& to) const {
    const auto ticks = to.value() - from.value();
    HEDDLE_CHECK(ticks % ticks_ == 0, "an instant is not on a clock edge");
    return Cycles(ticks / ticks_);
  }
  // The first edge at or after `instant`.
  [[nodiscard]] sc_core::sc_time edge(const sc_core::sc_time& instant) const {
    return sc_core::sc_time::from_value(ceil_div(instant.value(), ticks_) * ticks_);
  }

 private:
  sc_core::sc_time::value_type ticks_;
};

}  // namespace heddle::hw
