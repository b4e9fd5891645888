// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "sim/dram/trace_report.h"

namespace heddle::dram {

class TraceReader;

struct TraceRunOptions {
  std::uint64_t request_bytes = 0;  // bytes per request; 0: one burst
  // Called now and then with the bytes of the trace that were not read yet.
  std::function<void(std::uint64_t bytes_left)> progress = nullptr;
};

// Runs the trace to completion. An empty trace and an address beyond the memory throw Error(workload).
TraceReport run_request_trace(const MemoryParameters& memory, TraceReader& trace,
                              const TraceRunOptions& options = {});

}  // namespace heddle::dram
