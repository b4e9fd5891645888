// SPDX-License-Identifier: Apache-2.0
#include "sim/run/network_potential.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/parallel.h"
#include "sim/run/count.h"

namespace heddle::run {
namespace {

LayerPotential layer_potential(const trace::Trace& trace, const workload::Layer& layer,
                               const PotentialOptions& options) {
  const unsigned widest = std::max(layer.precision.activation_bits, layer.precision.weight_bits);
  if (widest > options.container_bits) {
    throw Error(ErrorKind::workload, trace.name(),
                fmt::format("layer {} needs {} bits, more than --container-bits {}", in_quotes(layer.id),
                            widest, options.container_bits));
  }
  LayerPotential row{
      layer.id, trace::Trace::has_values(layer.activation) && trace::Trace::has_values(layer.weight), {}};
  if (!row.has_values) {
    row.counts = run::shape_potential(layer, options);
    return row;
  }
  for (std::uint32_t sample = 0; sample < trace.network().samples; ++sample) {
    row.counts += potential(layer, trace.activations(layer, sample), trace.weights(layer, sample), options);
  }
  return row;
}

}  // namespace

std::vector<LayerPotential> network_potential(const trace::Trace& trace, const PotentialOptions& options) {
  const auto layers = array_layers(trace).layers;
  std::vector<LayerPotential> rows(layers.size());
  parallel_for(rows.size(), [&](std::size_t i) { rows[i] = layer_potential(trace, *layers[i], options); });
  LayerPotential total{"total", true, {}};
  for (const auto& row : rows) {
    total.counts += row.counts;
    total.has_values = total.has_values && row.has_values;
  }
  rows.push_back(std::move(total));
  return rows;
}

}  // namespace heddle::run
