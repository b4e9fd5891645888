// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/trace_report.h"

#include <fmt/format.h>

namespace heddle::dram {
namespace {

using config::Json;

struct Derived {
  double time_ns = 0;
  std::uint64_t bytes = 0;
  double bandwidth_gb_per_s = 0;
  double peak_gb_per_s = 0;
  double row_hit_rate = 0;
};

Derived derive(const TraceReport& report, const MemoryParameters& memory) {
  const Organisation& o = memory.device.organisation;
  const double clock_ns = memory.device.clock_period_ps * 1e-3;
  Derived d;
  d.time_ns = static_cast<double>(report.cycles()) * clock_ns;
  d.bytes = report.bursts * o.burst_bytes();
  d.bandwidth_gb_per_s = d.time_ns > 0 ? static_cast<double>(d.bytes) / d.time_ns : 0;
  d.peak_gb_per_s = peak_bandwidth_gb_per_s(memory);
  d.row_hit_rate = static_cast<double>(report.counters.row_hits) / static_cast<double>(report.bursts);
  return d;
}

Json latency_json(const LatencyHistogram& h) {
  if (h.total() == 0) return nullptr;
  return {{"bursts", h.total()},        {"min", h.smallest()},      {"mean", h.mean()},
          {"p50", h.percentile(500)},   {"p90", h.percentile(900)}, {"p99", h.percentile(990)},
          {"p99_9", h.percentile(999)}, {"max", h.largest()}};
}

std::string latency_text(std::string_view name, const LatencyHistogram& h) {
  if (h.total() == 0) return "";
  return fmt::format("{:<26}mean {:.1f}, p50 {}, p90 {}, p99 {}, p99.9 {}, max {} cycles\n", name, h.mean(),
                     h.percentile(500), h.percentile(900), h.percentile(990), h.percentile(999), h.largest());
}

std::string energy_text(const TraceReport& report) {
  if (!report.energy) return fmt::format("{:<26}none: the device's source gives no currents\n", "energy");
  const auto& e = *report.energy;
  return fmt::format(
      "{:<26}{:.1f} pJ: activate and precharge {:.1f}, read {:.1f}, write {:.1f}, refresh {:.1f}, "
      "background {:.1f}\n",
      "energy", e.total().count(), e.activate_precharge.count(), e.read.count(), e.write.count(),
      e.refresh.count(), e.background.count());
}

}  // namespace

double peak_bandwidth_gb_per_s(const MemoryParameters& memory) {
  const Organisation& o = memory.device.organisation;
  const double clock_ns = memory.device.clock_period_ps * 1e-3;
  return memory.controller.channels * (o.burst_bytes() / (o.burst_cycles() * clock_ns));
}

Json to_json(const TraceReport& report, const MemoryConfiguration& memory) {
  const Derived d = derive(report, memory.parameters);
  const auto& c = report.counters;
  Json out;
  out["format"] = "heddle-dram-report";
  out["version"] = {1, 0};
  out["cycles"] = report.cycles();
  out["first_request_cycle"] = report.first_request_cycle;
  out["first_completion_cycle"] = report.first_completion_cycle;
  out["last_completion_cycle"] = report.last_completion_cycle;
  out["time_ns"] = d.time_ns;
  out["requests"] = report.requests;
  out["requests_with_earlier_cycle_than_predecessor"] = report.backward_cycles;
  out["read_bursts"] = c.reads;
  out["write_bursts"] = c.writes;
  out["bytes"] = d.bytes;
  out["bandwidth_gb_per_s"] = d.bandwidth_gb_per_s;
  out["peak_bandwidth_gb_per_s"] = d.peak_gb_per_s;
  out["bandwidth_fraction_of_peak"] = d.bandwidth_gb_per_s / d.peak_gb_per_s;
  out["row_hits"] = c.row_hits;
  out["row_hit_rate"] = d.row_hit_rate;
  out["activates"] = c.activates;
  out["precharges"] = c.precharges;
  out["refreshes_all_bank"] = c.refreshes_all_bank;
  out["refreshes_per_bank"] = c.refreshes_per_bank;
  out["rank_active_cycles"] = c.rank_active_cycles;
  out["read_latency_cycles"] = latency_json(report.read_latency);
  out["write_latency_cycles"] = latency_json(report.write_latency);
  out["energy_pj"] = report.energy ? to_json(*report.energy) : Json(nullptr);
  out["memory"] = memory.echo;
  return out;
}

std::string to_text(const TraceReport& report, const MemoryConfiguration& memory) {
  const Derived d = derive(report, memory.parameters);
  const auto& c = report.counters;
  const auto& k = memory.parameters.controller;
  std::string out =
      fmt::format("{}: {} channels, {} ranks, map {}, queues {}+{}, {} page, {} refresh\n",
                  memory.parameters.name, k.channels, k.ranks, k.address_map, k.read_queue_depth,
                  k.write_queue_depth, memory.echo.at("controller").at("page_policy").get<std::string>(),
                  memory.echo.at("controller").at("refresh").get<std::string>());
  out += fmt::format("{:<26}{} ({} reads, {} writes, {} bytes)\n", "bursts", report.bursts, c.reads, c.writes,
                     d.bytes);
  out += fmt::format("{:<26}{} ({:.1f} ns), from cycle {} to {}\n", "cycles", report.cycles(), d.time_ns,
                     report.first_request_cycle, report.last_completion_cycle);
  out += fmt::format("{:<26}{:.3f} GB/s of {:.3f} ({:.1f} %)\n", "bandwidth", d.bandwidth_gb_per_s,
                     d.peak_gb_per_s, 100 * d.bandwidth_gb_per_s / d.peak_gb_per_s);
  out +=
      fmt::format("{:<26}{} ({:.2f} %), {} activates, {} precharges, {} all-bank and {} per-bank refreshes\n",
                  "row hits", c.row_hits, 100 * d.row_hit_rate, c.activates, c.precharges,
                  c.refreshes_all_bank, c.refreshes_per_bank);
  out += latency_text("read latency", report.read_latency);
  out += latency_text("write latency", report.write_latency);
  out += energy_text(report);
  if (report.backward_cycles > 0) {
    out += fmt::format(
        "note: {} requests carry an earlier cycle than their predecessor; they were offered after it\n",
        report.backward_cycles);
  }
  return out;
}

}  // namespace heddle::dram
