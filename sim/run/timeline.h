// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "sim/hw/engine/engine.h"
#include "sim/result/record.h"

namespace heddle::run {

// What happened over time in at most 256 equal intervals: bytes read and written off chip, a transfer's
// spread evenly from when the memory takes it up until it is complete; cycles the array computes; the most
// that each on-chip memory holds. The activation memory holds what the plan gives the layer that is worked
// on, `activation_rooms` by layer of the work list. None when nothing was moved.
std::optional<result::TimelineRecord> timeline_of(const hw::Timing& timing, const memory::WorkList& list,
                                                  std::span<const Bytes> activation_rooms);

// The most that the weight memory held at any instant.
Bytes most_weights_held(const hw::Timing& timing, const memory::WorkList& list);

enum class TraceForm { dramsim3, dramsys };

// Every off-chip request in the order of its time, one line a granule of the memory (64 bytes where it moves
// single bytes): `0xADDR READ|WRITE CYCLE` or `CYCLE: read|write 0xADDR`. Cycles are clocks of the DRAM, or
// of the accelerator where there is none; the requests of a transfer share the cycle it was handed over.
std::string request_trace(const hw::Timing& timing, TraceForm form);

}  // namespace heddle::run
