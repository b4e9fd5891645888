// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/stripes.h"

#include <algorithm>

#include "sim/base/quantity.h"
#include "sim/pricing/budget.h"

namespace heddle::models::stripes {
namespace {

using config::Parameter;

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Stripes>(Params::from(values));
}

}  // namespace

config::Declaration Params::declaration() {
  return {
      arch::tiles_parameter(16, "Stripes (MICRO'16), matched to DaDianNao's 16 tiles"),
      arch::rows_parameter(16, "Stripes (MICRO'16)"),
      arch::columns_parameter(16, "Stripes (MICRO'16)",
                              "windows of a tile: 16, or 8 where two bits are processed per cycle"),
      Parameter::integer("bits_per_cycle", "bits", 1, 2)
          .by_default(1)
          .means("activation bits that a unit processes per cycle")
          .from("Stripes (MICRO'16)"),
      arch::pe_width_parameter(),
      pricing::activation_fetch_parameter(),
      arch::storage_parameter(arch::Storage::container, "Stripes (MICRO'16) keeps DaDianNao's containers"),
      arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  return {.array = arch::ArrayParams::from(values),
          .bits_per_cycle = values.count("bits_per_cycle"),
          .fetch = pricing::activation_fetch_from(values)};
}

std::uint32_t Stripes::serial_cycles(const workload::Layer& layer) const {
  return static_cast<std::uint32_t>(
      ceil_div(std::min(layer.precision.activation_bits, params_.array.pe_width), params_.bits_per_cycle));
}

arch::Cost Stripes::price(const arch::LayerInput& input, const arch::Prepared&,
                          const arch::Block& block) const {
  arch::Cost cost = pricing::price_activation_serial(input, block, serial_cycles(input.layer), params_.fetch);
  cost.activation_read = pricing::activation_bits(input, block, params_.array.container_bits);
  cost.weight_read = pricing::weight_bits(input, block, params_.array.container_bits);
  return cost;
}

}  // namespace heddle::models::stripes

namespace heddle::models {

arch::ModelInfo describe_stripes() {
  return {.name = "stripes",
          .summary = "activations bit-serial at the layer's precision, weights bit-parallel",
          .citation = "Judd et al., Stripes: Bit-Serial Deep Neural Network Computing, MICRO 2016",
          .parameters = stripes::Params::declaration(),
          .events = {},
          .make = stripes::make};
}

}  // namespace heddle::models
