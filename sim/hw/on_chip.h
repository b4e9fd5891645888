// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>

#include "sim/base/quantity.h"

namespace heddle::hw {

struct SramTiming {
  std::uint64_t bytes_per_cycle = 0;  // all banks and ports together; 0: unlimited
  Cycles read_latency;
  Cycles write_latency;
  // That the ports are busy with so many bytes.
  [[nodiscard]] Cycles busy(Bytes bytes) const {
    return bytes_per_cycle == 0 ? Cycles(0) : Cycles(ceil_div(bytes.count(), bytes_per_cycle));
  }
};

// A block that values pass through on their way: dispatcher, output reducer.
struct StageTiming {
  std::uint64_t bytes_per_cycle = 0;  // 0: unlimited
  Cycles latency;
};

// How the blocks around the array use an on-chip memory.
class StreamInterface : virtual public sc_core::sc_interface {
 public:
  // Returns the cycles that the ports are busy with so many bytes.
  virtual Cycles read(Bytes bytes) = 0;
  virtual Cycles write(Bytes bytes) = 0;
  [[nodiscard]] virtual const SramTiming& timing() const = 0;
};

// An activation or weight memory: banks with a read and a write port each. Holds no values; the plan says
// what lies where (arch/), this says how long it takes.
class Sram final : public sc_core::sc_module, public StreamInterface {
 public:
  Sram(const sc_core::sc_module_name& name, const SramTiming& timing) : sc_module(name), timing_(timing) {}
  Cycles read(Bytes bytes) override;
  Cycles write(Bytes bytes) override;
  [[nodiscard]] const SramTiming& timing() const override { return timing_; }
  [[nodiscard]] Bytes read_bytes() const { return read_; }
  [[nodiscard]] Bytes written_bytes() const { return written_; }

 private:
  SramTiming timing_;
  Bytes read_;
  Bytes written_;
};

}  // namespace heddle::hw
