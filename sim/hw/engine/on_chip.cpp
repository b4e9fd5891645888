// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/on_chip.h"

namespace heddle::hw {

Cycles Sram::read(Bytes bytes) {
  read_ += bytes;
  return timing_.busy(bytes);
}

Cycles Sram::write(Bytes bytes) {
  written_ += bytes;
  return timing_.busy(bytes);
}

}  // namespace heddle::hw
