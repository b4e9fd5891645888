// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/dram/address_map.h"
#include "sim/dram/channel.h"

namespace heddle::dram {

// Independent channels behind one address map. The caller alternates between pushing requests that find room
// and issuing the earliest command; commands are issued in the order of time.
class MemorySystem {
 public:
  explicit MemorySystem(const MemoryParameters& parameters);

  [[nodiscard]] const MemoryParameters& parameters() const { return parameters_; }
  // Whether the address is one of the memory or may wrap to one.
  [[nodiscard]] bool holds(std::uint64_t address) const {
    return address < capacity_bytes_ || parameters_.controller.address_overflow != OverflowPolicy::error;
  }
  // Throws Error(workload): the address, as the user wrote it, is beyond the memory.
  [[noreturn]] void refuse(const std::string& address, const std::string& where) const;
  [[noreturn]] void refuse(std::uint64_t address, const std::string& where) const;
  // Throws Error(workload) naming `where()` when the address is beyond the memory and may not wrap.
  template <class Where>
  [[nodiscard]] Location locate(std::uint64_t address, Where&& where) const {
    if (!holds(address)) refuse(address, where());
    return map_.locate(address);
  }
  [[nodiscard]] bool has_room(const Location& at, Kind kind) const {
    return channels_[at.channel].has_room(kind);
  }
  template <class Sink>
  void push(const Location& at, Kind kind, std::uint64_t tag, Cycle offered, Cycle now, Sink&& sink) {
    channels_[at.channel].idle_until(now, sink);
    channels_[at.channel].push(at, kind, tag, offered, now);
  }
  [[nodiscard]] Cycle next_cycle() {
    Cycle earliest = kNever;
    for (auto& channel : channels_) {
      const Cycle at = channel.next_cycle();
      if (at < earliest) {
        earliest = at;
        next_ = &channel;
      }
    }
    return earliest;
  }
  // Issues the command that next_cycle() announced.
  Issued issue() { return next_->issue(); }
  template <class Sink>
  void idle_until(Cycle until, Sink&& sink) {
    for (auto& channel : channels_) channel.idle_until(until, sink);
  }

  // Sums over channels; ranks with a row open count as active up to `until`.
  [[nodiscard]] ChannelCounters counters(Cycle until) const;
  [[nodiscard]] const TimingRules& rules() const { return rules_; }

 private:
  MemoryParameters parameters_;
  std::uint64_t capacity_bytes_;
  AddressMap map_;
  TimingRules rules_;
  std::vector<Channel> channels_;
  Channel* next_ = nullptr;
};

}  // namespace heddle::dram
