// SPDX-License-Identifier: Apache-2.0
#include "sim/run/timeline.h"

#include <algorithm>

#include "sim/arch/blocking.h"
#include "sim/hw/dram/request_trace.h"

namespace heddle::run {
namespace {

using config::Json;

constexpr std::uint64_t kIntervals = 256;
constexpr std::uint64_t kRequestBytes = 64;

// Adds the span's bytes to the intervals it crosses; what is rounded off goes to the last.
void spread(const hw::Span& span, std::uint64_t ticks, std::vector<std::uint64_t>& intervals) {
  const std::uint64_t last = std::min<std::uint64_t>(intervals.size() - 1, span.end / ticks);
  const std::uint64_t first = std::min(last, span.begin / ticks);
  const std::uint64_t parts = last - first + 1;
  for (std::uint64_t i = 0; i < parts; ++i) {
    intervals[first + i] +=
        arch::part_begin(span.bytes.count(), i + 1, parts) - arch::part_begin(span.bytes.count(), i, parts);
  }
}

}  // namespace

Json timeline_of(const hw::Timing& timing) {
  if (timing.transfers.empty()) return nullptr;
  std::uint64_t end = 1;
  for (const auto& span : timing.transfers) end = std::max(end, span.end);
  const std::uint64_t cycles = ceil_div(ceil_div(end, timing.ticks_a_cycle), kIntervals);
  const std::uint64_t ticks = cycles * timing.ticks_a_cycle;
  std::vector<std::uint64_t> read(ceil_div(end, ticks), 0);
  std::vector<std::uint64_t> written(read.size(), 0);
  for (const auto& span : timing.transfers) spread(span, ticks, span.is_write ? written : read);
  return {{"interval_cycles", cycles}, {"off_chip_read_bytes", read}, {"off_chip_written_bytes", written}};
}

std::string request_trace(const hw::Timing& timing, TraceForm form) {
  std::vector<hw::Span> spans = timing.transfers;
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  const std::uint64_t step = timing.granule_bytes > 1 ? timing.granule_bytes : kRequestBytes;
  std::string out;
  for (const auto& span : spans) {
    const dram::Cycle cycle = ceil_div(span.begin, timing.ticks_a_memory_clock);
    for (std::uint64_t at = span.address / step * step; at < span.address + span.bytes.count(); at += step) {
      const dram::TraceRequest request{at, cycle, span.is_write ? dram::Kind::write : dram::Kind::read};
      out += form == TraceForm::dramsim3 ? dram::dramsim3_line(request) : dram::dramsys_line(request);
    }
  }
  return out;
}

}  // namespace heddle::run
