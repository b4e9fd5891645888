// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "sim/hw/engine/engine.h"
#include "sim/result/record.h"

namespace heddle::run {

// What happened over time, in at most 256 equal intervals: bytes read and written off chip, where those of a
// transfer are spread evenly from when the memory starts it until it is complete; cycles in which the array
// computes; the most that each on-chip memory holds. The activation memory holds the room that the plan gives
// the current layer: `activation_rooms`, by layer of the work list. None when nothing was moved.
std::optional<result::TimelineRecord> timeline_of(const hw::Timing& timing, const memory::WorkList& list,
                                                  std::span<const Bytes> activation_rooms);

// The most that the weight memory held at any instant.
Bytes most_weights_held(const hw::Timing& timing, const memory::WorkList& list);

enum class TraceForm { dramsim3, dramsys };

// Every off-chip request in the order of time, one line per granule of the memory (64 bytes where it moves
// single bytes): `0xADDR READ|WRITE CYCLE` or `CYCLE: read|write 0xADDR`. Cycles are clocks of the DRAM, or
// of the accelerator where there is none. All requests of a transfer have the cycle at which it was handed
// over.
std::string request_trace(const hw::Timing& timing, TraceForm form);

}  // namespace heddle::run
