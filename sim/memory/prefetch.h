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

// Where the loads of one sample's weights join the queue: earlier than `latest` only as far as the bus has
// less to do there, so that nothing that is needed sooner waits for them.
//
// The bus is levelled: for every bandwidth, fastest first, bytes that the bus cannot carry while a piece
// computes move in front of the piece, as far as that the room for them allows. A place fills up to the
// bandwidth that is just looked at; so, whatever the real one is, bytes come only from where the bus is
// slower than the array to where it has time to spare. The order depends on bytes and compute cycles alone,
// not on the memory. Loads keep their order and may be cut at multiples of kCut.
//
// `fixed`: the other transfers of the sample, `items` its work, the first of which is `first`.
std::vector<Queued> place_ahead(std::span<const Queued> fixed, std::span<const Movable> loads,
                                std::span<const Work> items, std::uint32_t first);

inline constexpr std::uint64_t kCut = 4096;  // bytes: our choice, a DRAM row or more

}  // namespace heddle::memory
