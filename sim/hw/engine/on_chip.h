// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>

#include "sim/base/quantity.h"
#include "sim/memory/timing.h"

namespace heddle::hw {

// How the blocks around the array use an on-chip memory.
class StreamInterface : virtual public sc_core::sc_interface {
 public:
  // Both return the cycles for which the transfer keeps the ports busy.
  virtual Cycles read(Bytes bytes) = 0;
  virtual Cycles write(Bytes bytes) = 0;
  [[nodiscard]] virtual const memory::SramTiming& timing() const = 0;
};

// An activation or weight memory: banks with a read and a write port each. It holds no values; the plan says
// what it holds (sim/memory), and this class says how long its ports are busy.
class Sram final : public sc_core::sc_module, public StreamInterface {
 public:
  Sram(const sc_core::sc_module_name& name, const memory::SramTiming& timing)
      : sc_module(name), timing_(timing) {}
  Cycles read(Bytes bytes) override;
  Cycles write(Bytes bytes) override;
  [[nodiscard]] const memory::SramTiming& timing() const override { return timing_; }
  [[nodiscard]] Bytes read_bytes() const { return read_; }
  [[nodiscard]] Bytes written_bytes() const { return written_; }

 private:
  memory::SramTiming timing_;
  Bytes read_;
  Bytes written_;
};

}  // namespace heddle::hw
