// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/dram/memory_system.h"

namespace heddle::dram {

// A request for contiguous bytes.
struct AddressRun {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  Kind kind = Kind::read;
  std::uint32_t owner = 0;  // for whom: commands are counted by owner
};

// Moves runs of addresses, each as bursts in the order of its addresses. The controller's queues bound how
// many bursts are outstanding; they take bursts of the oldest run in flight for which they have room.
class RunMover {
 public:
  using Ticket = std::size_t;

  explicit RunMover(const MemoryParameters& parameters)
      : memory_(parameters), burst_bytes_(parameters.device.organisation.burst_bytes()) {}

  // `now` never goes back, here and in advance(). Throws Error(workload) when the run is beyond the memory.
  Ticket start(const AddressRun& run, Cycle now);
  // Everything that happens before `until`.
  void advance(Cycle until);
  // All commands of the run have been issued: completion() is final.
  [[nodiscard]] bool issued(Ticket ticket) const { return runs_[ticket].unissued == 0; }
  // When the run's last data word has crossed the pins. Before the run is issued this is a lower bound that
  // lies after the last advance(): waiting for it and asking again reaches the end in a few steps.
  [[nodiscard]] Cycle completion(Ticket ticket) const;
  void release(Ticket ticket);

  // Counted up to the last advance(), refreshes of idle channels included.
  [[nodiscard]] ChannelCounters counters();
  // Commands up to the last advance() that serve the runs of each owner; refreshes serve nobody.
  [[nodiscard]] const std::vector<ChannelCounters>& served() const { return served_; }
  [[nodiscard]] const MemorySystem& memory() const { return memory_; }
  [[nodiscard]] std::uint64_t read_bytes() const { return moved_bytes_[0]; }
  [[nodiscard]] std::uint64_t write_bytes() const { return moved_bytes_[1]; }

 private:
  struct Progress {
    std::uint64_t next_address = 0;
    std::uint64_t unpushed = 0;  // bursts
    std::uint64_t unissued = 0;
    Location next;
    Kind kind = Kind::read;
    std::uint32_t owner = 0;
    Cycle started = 0;
    Cycle data_end = 0;
  };
  bool push_one(Ticket ticket);
  void feed();
  void count(const Issued& command);

  MemorySystem memory_;
  std::uint64_t burst_bytes_;
  std::vector<Progress> runs_;  // by ticket
  std::vector<Ticket> free_;
  std::vector<Ticket> feeding_;          // runs with bursts left to push, the oldest first
  std::vector<ChannelCounters> served_;  // by owner
  Cycle now_ = 0;
  std::uint64_t moved_bytes_[2] = {0, 0};
};

}  // namespace heddle::dram
