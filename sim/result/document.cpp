// SPDX-License-Identifier: Apache-2.0
#include "sim/result/document.h"

#include "sim/base/version.h"
#include "sim/result/write.h"

namespace heddle::result {
namespace {

Counters finished(Counters counters, std::uint64_t array_lanes) {
  counters.utilization =
      ratio(static_cast<double>(counters.lane_cycles.effective.count()),
            static_cast<double>(counters.cycles.count()) * static_cast<double>(array_lanes));
  return counters;
}

std::vector<LayerRecord> finished(std::vector<LayerRecord> layers, std::uint64_t array_lanes) {
  for (auto& layer : layers) layer.counters = finished(std::move(layer.counters), array_lanes);
  return layers;
}

// Decisions hold for all samples, so they are written with the sums.
SampleDocument sample_of(const SampleRecord& sample, std::uint64_t array_lanes) {
  SampleDocument out{sample.index, {}, finished(sample.layers, array_lanes)};
  Counters sum;
  for (auto& layer : out.layers) {
    sum += layer.counters;
    layer.details.reset();
  }
  out.totals.counters = finished(std::move(sum), array_lanes);
  return out;
}

}  // namespace

ResultDocument document_of(const RunRecord& run) {
  ResultDocument out;
  out.heddle_version = kVersion;
  out.fidelity = run.fidelity;
  out.accelerator = run.accelerator;
  out.network = run.network;
  out.notes = run.notes;
  out.array = {run.array_lanes, run.frequency_mhz, run.peak_macs_per_cycle, run.peak_tops()};
  out.verification = run.verification;
  out.plan = run.plan;
  out.memory = run.memory;
  out.timeline = run.timeline;
  out.totals.counters = finished(run.totals(), run.array_lanes);
  out.totals.time_us = static_cast<double>(out.totals.counters.cycles.count()) / run.frequency_mhz;
  out.layers = finished(run.layer_sums(), run.array_lanes);
  for (const auto& sample : run.samples) out.samples.push_back(sample_of(sample, run.array_lanes));
  return out;
}

}  // namespace heddle::result
