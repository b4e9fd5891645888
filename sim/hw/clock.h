// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::hw {

// Cycles to simulated time and back in integers: no rounding, whatever the period.
class Clock {
 public:
  explicit Clock(const sc_core::sc_time& period) : ticks_(period.value()) {
    HEDDLE_CHECK(ticks_ > 0, "a clock needs a period above zero");
  }
  [[nodiscard]] sc_core::sc_time span(Cycles cycles) const {
    return sc_core::sc_time::from_value(ticks_ * cycles.count());
  }
  [[nodiscard]] Cycles elapsed(const sc_core::sc_time& from, const sc_core::sc_time& to) const {
    const auto ticks = to.value() - from.value();
    HEDDLE_CHECK(ticks % ticks_ == 0, "an instant is not on a clock edge");
    return Cycles(ticks / ticks_);
  }

 private:
  sc_core::sc_time::value_type ticks_;
};

}  // namespace heddle::hw
