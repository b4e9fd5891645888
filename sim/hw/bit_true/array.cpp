// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/bit_true/array.h"

#include "sim/base/error.h"
#include "sim/hw/clock.h"
#include "sim/hw/simulation.h"

namespace heddle::hw {

void Reducer::reset(std::uint32_t filters, std::uint64_t windows) {
  windows_ = windows;
  sums_.assign(filters * windows, 0);
  touched_.assign(filters * windows, 0);
}

void Reducer::add(std::uint32_t filter, std::uint64_t window, std::int64_t sum) {
  sums_[index(filter, window)] += sum;
  touched_[index(filter, window)] = 1;
}

GatedClock::GatedClock(const sc_core::sc_module_name& name) : sc_module(name), level("level"), wake_("wake") {
  SC_HAS_PROCESS(GatedClock);
  SC_METHOD(toggle);
  sensitive << wake_;
  dont_initialize();
}

void GatedClock::start() {
  running_ = true;
  wake_.notify(period());
}

void GatedClock::toggle() {
  // Stops low, so that the next start() makes a rising edge.
  if (!running_ && !level.read()) return;
  const bool rising = !level.read();
  level.write(rising);
  const sc_core::sc_time half = sc_core::sc_time::from_value(period().value() / 2);
  wake_.notify(half);
}

Cycles BitTrueArray::execute(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) {
  HEDDLE_CHECK(input.activations != nullptr && input.weights != nullptr, "a bit-true array computes values");
  reducer.reset(input.layer.geometry.filters, input.lowered.windows());
  if (!begin(input, block, reducer)) return Cycles(0);
  finished_ = false;
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  first_edge_ = start + GatedClock::period();
  clock_.start();
  run_until_idle();  // until the clock stops: nothing else has events
  HEDDLE_CHECK(finished_, "the bit-true array stopped before it was done");
  return Clock(GatedClock::period()).elapsed(first_edge_, last_edge_) + Cycles(1);
}

void BitTrueArray::finish() {
  finished_ = true;
  last_edge_ = sc_core::sc_time_stamp();
  clock_.stop();
}

}  // namespace heddle::hw
