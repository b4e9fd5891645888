// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include "sim/base/quantity.h"

namespace heddle::hw {

// What every off-chip memory offers the DMA: a TLM-2.0 socket. b_transport adds to `delay` the time until
// the last byte of the transfer has arrived; transfers queue in the order of the calls. Addresses are
// bytes; the data pointer is null, because timing moves no values.
class OffChipMemory : public sc_core::sc_module {
 public:
  explicit OffChipMemory(const sc_core::sc_module_name& name) : sc_module(name) {}
  [[nodiscard]] virtual tlm::tlm_target_socket<>& port() = 0;
  [[nodiscard]] virtual Bytes read_bytes() const = 0;
  [[nodiscard]] virtual Bytes written_bytes() const = 0;
};

struct IdealParameters {
  std::uint64_t bandwidth_mb_per_s = 0;  // 10^6 bytes a second, both directions together; 0: unlimited
  std::uint64_t latency_ns = 0;
};

// Fixed bandwidth and latency: a transfer holds the bus for bytes / bandwidth; its last byte arrives a
// latency later, while the bus already carries the next one.
class IdealMemory final : public OffChipMemory {
 public:
  IdealMemory(const sc_core::sc_module_name& name, const IdealParameters& parameters);
  [[nodiscard]] tlm::tlm_target_socket<>& port() override { return socket_; }
  [[nodiscard]] Bytes read_bytes() const override { return read_; }
  [[nodiscard]] Bytes written_bytes() const override { return written_; }

 private:
  void b_transport(tlm::tlm_generic_payload& request, sc_core::sc_time& delay);
  [[nodiscard]] sc_core::sc_time occupancy(Bytes bytes) const;

  tlm_utils::simple_target_socket<IdealMemory> socket_{"socket"};
  IdealParameters parameters_;
  sc_core::sc_time latency_;
  sc_core::sc_time free_at_;
  Bytes read_;
  Bytes written_;
};

}  // namespace heddle::hw
