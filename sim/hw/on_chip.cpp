// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/on_chip.h"

namespace heddle::hw {

Cycles Sram::busy(Bytes bytes) const {
  return timing_.bytes_per_cycle == 0 ? Cycles(0) : Cycles(ceil_div(bytes.count(), timing_.bytes_per_cycle));
}

Cycles Sram::read(Bytes bytes) {
  read_ += bytes;
  return busy(bytes);
}

Cycles Sram::write(Bytes bytes) {
  written_ += bytes;
  return busy(bytes);
}

}  // namespace heddle::hw
