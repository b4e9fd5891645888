// SPDX-License-Identifier: Apache-2.0
#include "sim/result/record.h"

#include "sim/base/error.h"
#include "sim/result/write.h"

namespace heddle::result {

void add(NamedCounts& to, const NamedCounts& from) {
  if (to.counts.empty())
    to = NamedCounts{from};
  else {
    HEDDLE_CHECK(from.counts.empty() || from.counts.size() == to.counts.size(),
                 "counters of different models");
    for (std::size_t i = 0; i < from.counts.size(); ++i) to.counts[i].second += from.counts[i].second;
  }
}

Counters RunRecord::finished(Counters counters) const {
  const auto cycles = static_cast<double>(counters.cycles.count());
  counters.utilization = ratio(static_cast<double>(counters.macs), cycles * peak_macs_per_cycle);
  counters.lane_utilization = ratio(static_cast<double>(counters.lane_cycles.effective.count()),
                                    cycles * static_cast<double>(array_lanes));
  return counters;
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
