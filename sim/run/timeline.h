// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/hw/engine.h"

namespace heddle::run {

// Off-chip traffic over time in at most 256 equal intervals: bytes read and written in each, a transfer's
// spread evenly over the time it was on its way. Null when nothing was moved.
config::Json timeline_of(const hw::Timing& timing);

enum class TraceForm { dramsim3, dramsys };

// Every off-chip request in the order of its time, one line a granule of the memory (64 bytes where it moves
// single bytes): `0xADDR READ|WRITE CYCLE` or `CYCLE: read|write 0xADDR`. Cycles are clocks of the DRAM, or
// of the accelerator where there is none; the requests of a transfer share the cycle it was handed over.
std::string request_trace(const hw::Timing& timing, TraceForm form);

}  // namespace heddle::run
