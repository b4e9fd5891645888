// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <systemc>

#include "sim/arch/accelerator.h"
#include "sim/base/quantity.h"

namespace heddle::hw {

// Adds the partial sums that processing elements hand out, per filter and window.
class Reducer {
 public:
  // Forgets all sums; `filters` and `windows` are those of the layer.
  void reset(std::uint32_t filters, std::uint64_t windows);
  void add(std::uint32_t filter, std::uint64_t window, std::int64_t sum);
  [[nodiscard]] std::int64_t sum(std::uint32_t filter, std::uint64_t window) const {
    return sums_[index(filter, window)];
  }
  [[nodiscard]] bool has(std::uint32_t filter, std::uint64_t window) const {
    return touched_[index(filter, window)] != 0;
  }

 private:
  [[nodiscard]] std::size_t index(std::uint32_t filter, std::uint64_t window) const {
    return filter * windows_ + window;
  }
  std::uint64_t windows_ = 0;
  std::vector<std::int64_t> sums_;
  std::vector<std::uint8_t> touched_;
};

// A clock that runs only while somebody computes, so that an idle array costs no events.
class GatedClock : public sc_core::sc_module {
 public:
  explicit GatedClock(const sc_core::sc_module_name& name);
  sc_core::sc_signal<bool> level;

  void start();
  void stop() { running_ = false; }
  [[nodiscard]] static sc_core::sc_time period() { return sc_core::sc_time(1, sc_core::SC_NS); }

 private:
  void toggle();
  bool running_ = false;
  sc_core::sc_event wake_;
};

// The bit-true twin of an accelerator: SystemC processing elements that compute a block of a layer bit by
// bit and take the cycles that their own control takes. Built once, before the first sc_start; blocks are
// streamed through.
class BitTrueArray : public sc_core::sc_module {
 public:
  explicit BitTrueArray(const sc_core::sc_module_name& name) : sc_module(name) {}

  // Computes the block: starts the array, lets the simulation advance until it is done and returns the
  // clock cycles that passed. Outputs are in `reducer`. Called from outside the simulation.
  virtual Cycles execute(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer);

  // Signals of one tile of the array's shape, for `--vcd`, and those that all tiles share.
  virtual void trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const = 0;

 protected:
  // Prepares the block. Returns false when there is nothing to compute. The work begins at the first
  // rising edge of the clock and ends with finish().
  virtual bool begin(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) = 0;
  // Called in the clock cycle that is the block's last one.
  void finish();

  GatedClock clock_{"clock"};

 private:
  sc_core::sc_time first_edge_;
  sc_core::sc_time last_edge_;
  bool finished_ = false;
};

}  // namespace heddle::hw
