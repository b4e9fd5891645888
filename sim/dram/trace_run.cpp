// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/trace_run.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/dram/request_driver.h"

namespace heddle::dram {
namespace {

// Splits the requests of a trace into bursts and counts what it reads.
class BurstSource {
 public:
  BurstSource(const MemorySystem& memory, TraceReader& trace, TraceReport& report,
              const TraceRunOptions& options)
      : memory_(memory),
        trace_(trace),
        report_(report),
        options_(options),
        request_bytes_(options.request_bytes == 0 ? 1 : options.request_bytes),
        burst_bytes_(memory.parameters().device.organisation.burst_bytes()) {}

  std::optional<TraceRequest> next() {
    if (left_ == 0 && !read_request()) return std::nullopt;
    --left_;
    ++report_.bursts;
    const TraceRequest burst = request_;
    request_.address += burst_bytes_;
    return burst;
  }

 private:
  bool read_request() {
    const auto read = trace_.next();
    if (!read) return false;
    check_extent(read->address);
    constexpr std::uint64_t kRequestsPerReport = 4096;
    if (options_.progress && report_.requests % kRequestsPerReport == 0)
      options_.progress(trace_.bytes_left());
    if (report_.requests++ == 0) {
      report_.first_request_cycle = read->cycle;
    } else if (read->cycle < last_cycle_) {
      ++report_.backward_cycles;
    }
    last_cycle_ = read->cycle;
    request_ = *read;
    const std::uint64_t offset = request_.address % burst_bytes_;
    request_.address -= offset;
    left_ = (offset + request_bytes_ - 1) / burst_bytes_ + 1;
    return true;
  }

  void check_extent(std::uint64_t first) const {
    const std::string text(trace_.address_text());
    if (!memory_.holds(first)) memory_.refuse(text, trace_.where());
    // `first` is in the memory here, so the sum stays below 2^64; else addresses wrap.
    if (!memory_.holds(first + (request_bytes_ - 1)))
      memory_.refuse(fmt::format("{}, with the {} bytes of a request,", text, request_bytes_),
                     trace_.where());
  }

  const MemorySystem& memory_;
  TraceReader& trace_;
  TraceReport& report_;
  const TraceRunOptions& options_;
  std::uint64_t request_bytes_;
  std::uint64_t burst_bytes_;
  TraceRequest request_;
  std::uint64_t left_ = 0;
  Cycle last_cycle_ = 0;
};

}  // namespace

TraceReport run_request_trace(const MemoryParameters& memory, TraceReader& trace,
                              const TraceRunOptions& options) {
  TraceReport report;
  MemorySystem system(memory);
  BurstSource source(system, trace, report, options);
  report.first_completion_cycle = kNever;
  const auto sink = [&](const Issued& issued) {
    if (!is_column(issued.command)) return;
    report.first_completion_cycle = std::min(report.first_completion_cycle, issued.data_end);
    report.last_completion_cycle = std::max(report.last_completion_cycle, issued.data_end);
    (is_write(issued.command) ? report.write_latency : report.read_latency)
        .add(issued.data_end - issued.offered);
  };
  drive_requests(
      system, [&] { return source.next(); }, [&] { return trace.where(); }, sink);
  if (report.bursts == 0) throw Error(ErrorKind::workload, trace.where(), "the trace holds no request");
  system.idle_until(report.last_completion_cycle, sink);
  report.counters = system.counters(report.last_completion_cycle);
  report.energy = energy_of(memory.device, report.counters,
                            std::uint64_t{memory.controller.ranks} * memory.controller.channels,
                            report.last_completion_cycle);
  return report;
}

}  // namespace heddle::dram
