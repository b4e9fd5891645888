// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "sim/dram/energy.h"
#include "sim/dram/latency_histogram.h"
#include "sim/dram/parameters.h"

namespace heddle::dram {

// The result of running a request trace. Cycles are clocks of the memory, counted from cycle 0 of the trace.
struct TraceReport {
  std::uint64_t requests = 0;  // lines
  std::uint64_t bursts = 0;
  std::uint64_t backward_cycles = 0;  // requests whose cycle lies before their predecessor's
  Cycle first_request_cycle = 0;
  Cycle first_completion_cycle = 0;
  Cycle last_completion_cycle = 0;
  LatencyHistogram read_latency, write_latency;  // of bursts: offered (the line's cycle) to end of data
  ChannelCounters counters;
  std::optional<EnergyReport> energy;

  // From the first request offered to the last completion.
  [[nodiscard]] std::uint64_t cycles() const { return last_completion_cycle - first_request_cycle; }
};

config::Json to_json(const TraceReport& report, const MemoryConfiguration& memory);
// The most that the data buses of all DRAM channels move, in 10^9 bytes per second.
double peak_bandwidth_gb_per_s(const MemoryParameters& memory);

std::string to_text(const TraceReport& report, const MemoryConfiguration& memory);

}  // namespace heddle::dram
