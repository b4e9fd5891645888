// SPDX-License-Identifier: Apache-2.0
#include "sim/result/document.h"

#include "sim/base/version.h"
#include "sim/result/write.h"

namespace heddle::result {
namespace {

std::vector<LayerRecord> finished(const RunRecord& run, std::vector<LayerRecord> layers) {
  for (auto& layer : layers) layer.counters = run.finished(std::move(layer.counters));
  return layers;
}

// Decisions hold for all samples, so they are written with the sums.
SampleDocument sample_of(const RunRecord& run, const SampleRecord& sample) {
  SampleDocument out{sample.index, {}, finished(run, sample.layers)};
  Counters sum;
  for (auto& layer : out.layers) {
    sum += layer.counters;
    layer.details.reset();
  }
  out.totals = run.finished(std::move(sum));
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
  out.totals.counters = run.finished(run.totals());
  out.totals.time_us = static_cast<double>(out.totals.counters.cycles.count()) / run.frequency_mhz;
  out.layers = finished(run, run.layer_sums());
  for (const auto& sample : run.samples) out.samples.push_back(sample_of(run, sample));
  return out;
}

}  // namespace heddle::result
