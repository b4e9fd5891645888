// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/buffers.h"

namespace heddle::hw {
namespace {

std::uint64_t cycle_of(const Clock& clock, const sc_core::sc_time& instant) {
  return clock.elapsed(sc_core::SC_ZERO_TIME, instant).count();
}

}  // namespace

sc_core::sc_time InputBuffer::ready(const sc_core::sc_time& from, const sc_core::sc_time& free,
                                    Bytes bytes) const {
  return clock_.span(Cycles(path_.ready(cycle_of(clock_, from), cycle_of(clock_, free), bytes)));
}

Cycles InputBuffer::read(const sc_core::sc_time& from, Cycles busy, Bytes bytes) {
  read_ += bytes;
  const std::uint64_t now = cycle_of(clock_, sc_core::sc_time_stamp());
  return Cycles(path_.take(cycle_of(clock_, from), now, busy.count(), bytes));
}

Cycles OutputBuffer::write(Cycles busy, Bytes bytes, std::uint32_t bursts) {
  written_ += bytes;
  const std::uint64_t now = cycle_of(clock_, sc_core::sc_time_stamp());
  return Cycles(path_.take(now, busy.count(), bytes, bursts));
}

}  // namespace heddle::hw
