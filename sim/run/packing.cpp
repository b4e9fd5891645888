// SPDX-License-Identifier: Apache-2.0
#include "sim/run/packing.h"

#include <optional>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/run/count.h"
#include "sim/workload/bricks.h"

namespace heddle::run {
namespace {

std::vector<const workload::Layer*> chosen_layers(const trace::Trace& trace, const std::string& only) {
  std::vector<const workload::Layer*> out;
  std::vector<std::string> names;
  for (const auto* layer : array_layers(trace).layers) {
    names.push_back(layer->id);
    if (only.empty() || only == layer->id) out.push_back(layer);
  }
  if (!out.empty()) return out;
  throw Error(ErrorKind::usage, trace.name(),
              "there is no array layer " + in_quotes(only) + suggestion(only, names));
}

arch::PackingReport pack_layer(const arch::AcceleratorConfig& config, const trace::Trace& trace,
                               const workload::Layer& layer) {
  const auto [lowered, mapping] = arch::map_onto(layer, config);
  const std::string where = "layer " + in_quotes(layer.id) + ": ";
  if (lowered.shapes_only) {
    throw Error(
        ErrorKind::workload, trace.name(),
        where +
            "mapping groups 'ignored' and image_layer 'published' count shapes only; packing needs values");
  }
  const bool run_time = layer.has_run_time_weights();
  if (!run_time && !trace::Trace::has_values(layer.weight)) {
    throw Error(ErrorKind::workload, trace.name(),
                where + "packing depends on weight values, and the trace has none for this layer");
  }
  std::optional<workload::WeightBricks> weights;
  if (!run_time) weights.emplace(layer, lowered, trace.weights(layer, 0));
  const arch::LayerInput input{layer, lowered, mapping, nullptr, weights ? &*weights : nullptr, {}};
  auto report = config.accelerator->packing_report(input);
  HEDDLE_CHECK(report.has_value(), "a design that packs has a report");
  return std::move(*report);
}

}  // namespace

void require_packing(const arch::AcceleratorConfig& config) {
  if (config.accelerator->packs_weights()) return;
  throw Error(ErrorKind::usage, "heddle schedule",
              fmt::format("model {} does not pack weights ahead of time (configuration {})",
                          in_quotes(config.model->name), in_quotes(config.name)));
}

std::vector<LayerPacking> pack_network(const arch::AcceleratorConfig& config, const trace::Trace& trace,
                                       const std::string& only) {
  require_packing(config);
  std::vector<LayerPacking> rows;
  for (const auto* layer : chosen_layers(trace, only))
    rows.push_back({layer->id, pack_layer(config, trace, *layer)});
  return rows;
}

arch::PackingReport sum_of(const std::vector<LayerPacking>& rows) {
  arch::PackingReport out;
  for (const auto& [name, r] : rows) {
    out.filter_sets += r.filter_sets;
    out.columns_before += r.columns_before;
    out.columns_after += r.columns_after;
    out.empty_sets += r.empty_sets;
    out.nonzero_weights += r.nonzero_weights;
    out.present_slots_before += r.present_slots_before;
    out.own_slots += r.own_slots;
    out.moved_slots += r.moved_slots;
    out.zero_slots += r.zero_slots;
    out.empty_slots += r.empty_slots;
    out.select_bits += r.select_bits;
    out.skip_bits += r.skip_bits;
  }
  return out;
}

}  // namespace heddle::run
