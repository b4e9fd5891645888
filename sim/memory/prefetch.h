// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "sim/memory/work_list.h"

namespace heddle::memory {

// A load that may join the DMA's queue at any position from `transfer.after` to `latest`.
struct Movable {
  Transfer transfer;
  std::uint32_t latest = 0;
  bool reads_back = false;
};

inline constexpr std::uint64_t kCut = 4096;  // bytes: our choice, a DRAM row or more

// Decides where the weight loads of one sample join the queue. A load joins earlier than `latest` only where
// the bus has time to spare, so that no transfer that is needed sooner waits for it.
//
// For each assumed bandwidth, highest first, bytes that do not fit behind one piece's computing are loaded
// during earlier pieces, as early as the room for them allows. No earlier piece gets more than the bus
// carries at that bandwidth. So, whatever the real bandwidth is, bytes move only from pieces where the bus is
// slower than the array to pieces where it is faster. The order depends on bytes and compute cycles alone,
// not on the memory. Loads keep their order and may be cut at multiples of kCut.
//
// `others` are the sample's other transfers, `items` its work, and `first` the number of the first item.
std::vector<Queued> place_ahead(std::span<const Queued> others, std::span<const Movable> loads,
                                std::span<const Work> items, std::uint32_t first);

}  // namespace heddle::memory
