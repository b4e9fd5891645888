// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/memory_system.h"

#include <fmt/format.h>

#include "sim/base/error.h"

namespace heddle::dram {

MemorySystem::MemorySystem(const MemoryParameters& parameters)
    : parameters_(parameters),
      capacity_bytes_(parameters.capacity_bytes()),
      map_(parameters.controller.address_map, parameters.device.organisation, parameters.controller.channels,
           parameters.controller.ranks, parameters.name + ": /controller/address_map"),
      rules_(parameters.device) {
  for (std::uint32_t c = 0; c < parameters.controller.channels; ++c) channels_.emplace_back(parameters, c);
}

void MemorySystem::refuse(const std::string& address, const std::string& where) const {
  throw Error(
      ErrorKind::workload, where,
      fmt::format("address {} is beyond the {} bytes of memory '{}' ({} {}, {} {}); "
                  "\"address_overflow\": \"wrap\" would ignore the upper bits",
                  address, capacity_bytes_, parameters_.name, parameters_.controller.channels,
                  parameters_.controller.channels == 1 ? "channel" : "channels", parameters_.controller.ranks,
                  parameters_.controller.ranks == 1 ? "rank" : "ranks"));
}

void MemorySystem::refuse(std::uint64_t address, const std::string& where) const {
  refuse(fmt::format("{:#x}", address), where);
}

ChannelCounters MemorySystem::counters(Cycle until) const {
  ChannelCounters sum;
  for (const auto& channel : channels_) {
    sum += channel.counters();
    sum.rank_active_cycles += channel.active_cycles(until);
  }
  return sum;
}

}  // namespace heddle::dram
