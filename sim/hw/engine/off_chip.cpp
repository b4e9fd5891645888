// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/off_chip.h"

#include <algorithm>

#include "sim/hw/clock.h"

namespace heddle::hw {

using sc_core::sc_time;

IdealMemory::IdealMemory(const sc_core::sc_module_name& name, const memory::IdealParameters& parameters)
    : OffChipMemory(name),
      parameters_(parameters),
      latency_(static_cast<double>(parameters.latency_ns), sc_core::SC_NS) {
  socket_.register_b_transport(this, &IdealMemory::b_transport);
}

// Rounded up to SystemC's resolution. Computed in two parts, because the product may not fit 64 bits.
sc_time IdealMemory::occupancy(Bytes bytes) const {
  const std::uint64_t rate = parameters_.bandwidth_mb_per_s;
  if (rate == 0) return sc_core::SC_ZERO_TIME;
  const std::uint64_t ticks_per_microsecond =
      sc_time(1, sc_core::SC_US).value();  // 1 MB/s is one byte per microsecond
  return sc_time::from_value(bytes.count() / rate * ticks_per_microsecond +
                             ceil_div(bytes.count() % rate * ticks_per_microsecond, rate));
}

void IdealMemory::b_transport(tlm::tlm_generic_payload& request, sc_time& delay) {
  const Bytes length(request.get_data_length());
  (request.is_write() ? written_ : read_) += length;
  const sc_time now = sc_core::sc_time_stamp();
  begun_ = std::max(now + delay, free_at_);
  free_at_ = later(begun_, occupancy(length));
  delay = later(free_at_, latency_) - now;
  request.set_response_status(tlm::TLM_OK_RESPONSE);
}

std::unique_ptr<OffChipMemory> make_off_chip(const char* name, const memory::MemoryConfig& config) {
  if (config.dram) return std::make_unique<DramOffChip>(name, config.dram->parameters);
  return std::make_unique<IdealMemory>(name, config.ideal);
}

}  // namespace heddle::hw
