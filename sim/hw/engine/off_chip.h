// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include "sim/base/quantity.h"
#include "sim/hw/engine/dram_memory.h"
#include "sim/hw/engine/layer_end.h"
#include "sim/memory/memory_config.h"

namespace heddle::hw {

// What every off-chip memory offers the DMA: a TLM-2.0 socket. b_transport adds to `delay` the time until
// the last byte of the transfer has arrived; transfers queue in the order of the calls. Addresses are
// bytes; the data pointer is null, because timing moves no values. A LayerExtension may state the layer that
// a payload serves.
class OffChipMemory : public sc_core::sc_module, public LayerEndInterface {
 public:
  explicit OffChipMemory(const sc_core::sc_module_name& name) : sc_module(name) {}
  virtual void connect(tlm::tlm_initiator_socket<>& initiator) = 0;
  // When the memory started the transfer that was handed over last, at `handed_over`.
  [[nodiscard]] virtual sc_core::sc_time begun(const sc_core::sc_time& handed_over) const {
    return handed_over;
  }
  // The unit that the memory moves; transfers are widened to whole units.
  [[nodiscard]] virtual std::uint64_t granule_bytes() const { return 1; }
  [[nodiscard]] virtual Bytes read_bytes() const = 0;
  [[nodiscard]] virtual Bytes written_bytes() const = 0;
  void layer_ended(std::uint32_t) override {}
  [[nodiscard]] virtual std::optional<sc_core::sc_time> clock_period() const { return std::nullopt; }
  // Commands and energy so far; none where the memory has no commands.
  [[nodiscard]] virtual std::optional<dram::ChannelCounters> dram_counters() { return std::nullopt; }
  [[nodiscard]] virtual std::optional<dram::EnergyReport> dram_energy() { return std::nullopt; }
  // Commands by layer: those of its transfers, and the refreshes while it ran. There are `layers` layers;
  // commands after the end of the last one are charged to it.
  [[nodiscard]] virtual std::vector<dram::ChannelCounters> dram_by_layer(std::size_t) { return {}; }
};

// Fixed bandwidth and latency: a transfer holds the bus for bytes / bandwidth. Its last byte arrives one
// latency later, while the bus already carries the next transfer.
class IdealMemory final : public OffChipMemory {
 public:
  IdealMemory(const sc_core::sc_module_name& name, const memory::IdealParameters& parameters);
  void connect(tlm::tlm_initiator_socket<>& initiator) override { initiator.bind(socket_); }
  [[nodiscard]] sc_core::sc_time begun(const sc_core::sc_time&) const override { return begun_; }
  [[nodiscard]] Bytes read_bytes() const override { return read_; }
  [[nodiscard]] Bytes written_bytes() const override { return written_; }

 private:
  void b_transport(tlm::tlm_generic_payload& request, sc_core::sc_time& delay);
  [[nodiscard]] sc_core::sc_time occupancy(Bytes bytes) const;

  tlm_utils::simple_target_socket<IdealMemory> socket_{"socket"};
  memory::IdealParameters parameters_;
  sc_core::sc_time latency_;
  sc_core::sc_time begun_;
  sc_core::sc_time free_at_;
  Bytes read_;
  Bytes written_;
};

// A DRAM with its controller. b_transport waits until the transfer is complete.
class DramOffChip final : public OffChipMemory {
 public:
  DramOffChip(const sc_core::sc_module_name& name, const dram::MemoryParameters& parameters)
      : OffChipMemory(name), memory_("memory", parameters) {}
  void connect(tlm::tlm_initiator_socket<>& initiator) override { initiator.bind(memory_.socket); }
  [[nodiscard]] std::uint64_t granule_bytes() const override {
    return memory_.parameters().device.organisation.burst_bytes();
  }
  [[nodiscard]] Bytes read_bytes() const override { return memory_.read_bytes(); }
  [[nodiscard]] Bytes written_bytes() const override { return memory_.write_bytes(); }
  [[nodiscard]] std::optional<sc_core::sc_time> clock_period() const override {
    return memory_.clock().span(Cycles(1));
  }
  [[nodiscard]] std::optional<dram::ChannelCounters> dram_counters() override { return memory_.counters(); }
  [[nodiscard]] std::optional<dram::EnergyReport> dram_energy() override { return memory_.energy(); }
  void layer_ended(std::uint32_t layer) override { memory_.charge_rest(layer); }
  [[nodiscard]] std::vector<dram::ChannelCounters> dram_by_layer(std::size_t layers) override {
    memory_.charge_rest(static_cast<std::uint32_t>(layers - 1));
    return memory_.by_layer(layers);
  }

 private:
  DramMemory memory_;
};

// The off-chip memory that the configuration asks for.
std::unique_ptr<OffChipMemory> make_off_chip(const char* name, const memory::MemoryConfig& config);

}  // namespace heddle::hw
