// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_target_socket.h>

#include "sim/base/quantity.h"
#include "sim/dram/energy.h"
#include "sim/dram/run_mover.h"
#include "sim/hw/clock.h"

namespace heddle::hw {

// A DRAM and its controller as a TLM-2.0 target that times runs of addresses of any length and stores
// nothing. Initiators bind to `socket` and call b_transport, or start runs and wait for them later; all runs
// in flight share the controller, burst by burst. Simulated time only moves while callers wait: a run costs a
// few wakes, whatever its length, and no event per burst.
class DramMemory : public sc_core::sc_module {
 public:
  using Ticket = dram::RunMover::Ticket;

  tlm_utils::multi_passthrough_target_socket<DramMemory> socket;

  DramMemory(const sc_core::sc_module_name& name, const dram::MemoryParameters& parameters);

  // Starts a run now; its bursts queue behind those in flight. Never blocks. Throws Error(workload) when
  // the run exceeds the memory.
  Ticket start(const dram::AddressRun& run);
  // From an SC_THREAD: returns at the first memory clock edge at which the run's last word has been moved,
  // and gives the ticket back.
  void wait_for(Ticket ticket);

  [[nodiscard]] Bytes read_bytes() const { return Bytes(mover_.read_bytes()); }  // whole bursts
  [[nodiscard]] Bytes write_bytes() const { return Bytes(mover_.write_bytes()); }
  // Commands, row hits and refreshes up to now, and the energy since time zero where the device has one.
  [[nodiscard]] dram::ChannelCounters counters();
  [[nodiscard]] std::optional<dram::EnergyReport> energy();
  // Charges to `layer` all commands up to now that serve no run and have no layer yet: refreshes, and the
  // precharges before them.
  void charge_rest(std::uint32_t layer);
  // Commands of each layer: those of its runs, and those charged to it.
  [[nodiscard]] std::vector<dram::ChannelCounters> by_layer(std::size_t layers) const;
  [[nodiscard]] const dram::MemoryParameters& parameters() const { return mover_.memory().parameters(); }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  void b_transport(int initiator, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  // The first clock edge that is not in the past.
  [[nodiscard]] dram::Cycle now() const;
  void wait_until(dram::Cycle cycle) const;

  Clock clock_;
  sc_core::sc_time::value_type period_ticks_;
  dram::RunMover mover_;
  std::vector<dram::ChannelCounters> charged_;  // by layer
};

}  // namespace heddle::hw
