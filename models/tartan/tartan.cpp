// SPDX-License-Identifier: Apache-2.0
#include "models/tartan/tartan.h"

#include <algorithm>

#include "sim/base/quantity.h"
#include "sim/pricing/budget.h"
#include "sim/pricing/cascade.h"

namespace heddle::models::tartan {
namespace {

using config::Parameter;

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Tartan>(Params::from(values));
}

}  // namespace

config::Declaration Params::declaration() {
  return {
      arch::tiles_parameter(16, "Tartan (arXiv 1707.09068): 16 tiles"),
      arch::rows_parameter(16, "Tartan (arXiv 1707.09068)"),
      arch::columns_parameter(16, "Tartan (arXiv 1707.09068)",
                              "windows of a tile: 16, or 8 where two bits are processed per cycle; in fully "
                              "connected layers they hold different outputs or slices of one"),
      Parameter::integer("bits_per_cycle", "bits", 1, 2)
          .by_default(1)
          .means("activation bits processed, and weight bits loaded, per cycle: 1, or 2 in TRT2b")
          .from("Tartan (arXiv 1707.09068)"),
      pricing::activation_fetch_parameter(),
      arch::storage_parameter(arch::Storage::container, "Tartan (arXiv 1707.09068) keeps full containers"),
      arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  return {.array = arch::ArrayParams::from(values),
          .bits_per_cycle = values.count("bits_per_cycle"),
          .fetch = pricing::activation_fetch_from(values)};
}

arch::Mapping Tartan::map(const workload::LoweredLayer& layer, arch::Pallet pallet) const {
  return layer.is_fully_connected ? pricing::map_cascade(layer, shape())
                                  : arch::map_layer(layer, shape(), pallet);
}

arch::Cost Tartan::price(const arch::LayerInput& input, const arch::Prepared&,
                         const arch::Block& block) const {
  const auto stream =
      static_cast<std::uint32_t>(ceil_div(input.layer.precision.activation_bits, params_.bits_per_cycle));
  arch::Cost cost;
  if (input.lowered.is_fully_connected) {
    const auto load =
        static_cast<std::uint32_t>(ceil_div(input.layer.precision.weight_bits, params_.bits_per_cycle));
    cost = pricing::price_cascade(
        input, block,
        {.step =
             [=](std::uint32_t, std::uint32_t) {
               return pricing::CascadeStep{std::max(stream, load), stream};
             },
         .lead = [=](std::uint32_t) { return load; },
         .tail = [](const pricing::Cascade& cascade) { return ceil_log2(cascade.slices); }});
  } else {
    cost = pricing::price_activation_serial(input, block, stream, params_.fetch);
  }
  cost.activation_read = pricing::activation_bits(input, block, params_.array.container_bits);
  cost.weight_read = pricing::weight_bits(input, block, params_.array.container_bits);
  return cost;
}

}  // namespace heddle::models::tartan

namespace heddle::models {

arch::ModelInfo describe_tartan() {
  return {
      .name = "tartan",
      .summary = "activations bit-serial; fully connected weights loaded bit-serially, so that they gain too",
      .citation =
          "Delmas et al., Tartan: Accelerating Fully-Connected and Convolutional Layers in Deep Learning "
          "Networks by "
          "Exploiting Numerical Precision Variability, arXiv 1707.09068",
      .parameters = tartan::Params::declaration(),
      .events = {},
      .make = tartan::make};
}

}  // namespace heddle::models
