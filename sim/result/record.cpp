// SPDX-License-Identifier: Apache-2.0
#include "sim/result/record.h"

#include <fmt/format.h>

#include "sim/base/error.h"

namespace heddle::result {

Counters& Counters::operator+=(const Counters& other) {
  macs += other.macs;
  cycles += other.cycles;
  compute_cycles += other.compute_cycles;
  add_fields(stall_cycles, other.stall_cycles);
  add_fields(lane_cycles, other.lane_cycles);
  add_fields(on_chip_bytes, other.on_chip_bytes);
  add_fields(off_chip_bytes, other.off_chip_bytes);
  if (events.size() < other.events.size()) events.resize(other.events.size());
  for (std::size_t i = 0; i < other.events.size(); ++i) events[i] += other.events[i];
  return *this;
}

void check_ledger(const Counters& counters, std::uint64_t array_lanes, const std::string& where) {
  const Cycles accounted = counters.compute_cycles + sum_fields(counters.stall_cycles);
  if (accounted != counters.cycles) {
    throw Error(ErrorKind::internal, where,
                fmt::format("the ledger does not close: {} cycles, but compute and stalls give {}",
                            counters.cycles.count(), accounted.count()));
  }
  const LaneCycles lanes = sum_fields(counters.lane_cycles);
  if (lanes.count() != counters.compute_cycles.count() * array_lanes) {
    throw Error(ErrorKind::internal, where,
                fmt::format("lane-cycles sum to {}, but {} compute cycles of {} lanes give {}", lanes.count(),
                            counters.compute_cycles.count(), array_lanes,
                            counters.compute_cycles.count() * array_lanes));
  }
}

Counters RunRecord::totals() const {
  Counters sum;
  for (const auto& sample : samples) {
    for (const auto& layer : sample.layers) sum += layer.counters;
  }
  return sum;
}

std::vector<LayerRecord> RunRecord::layer_sums() const {
  std::vector<LayerRecord> out;
  for (const auto& sample : samples) {
    if (out.empty()) {
      out = sample.layers;
      continue;
    }
    HEDDLE_CHECK(sample.layers.size() == out.size(), "samples with different layers");
    for (std::size_t i = 0; i < out.size(); ++i) out[i].counters += sample.layers[i].counters;
  }
  return out;
}

}  // namespace heddle::result
