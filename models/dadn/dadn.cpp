// SPDX-License-Identifier: Apache-2.0
#include "models/dadn/dadn.h"

#include "sim/base/error.h"
#include "sim/pricing/budget.h"

namespace heddle::models::dadn {
namespace {

using config::Parameter;

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Dadn>(Params::from(values));
}

}  // namespace

config::Declaration Params::declaration() {
  return {arch::tiles_parameter(16, "DaDianNao (MICRO'14): 16 tiles",
                                "tiles, each with its own filters of the same window"),
          Parameter::integer("filters_per_tile", "filters", 1, 1024)
              .by_default(16)
              .means("filters that a tile multiplies with one window brick at a time (rows)")
              .from("DaDianNao (MICRO'14): 16 filters x 16 lanes per tile; Loom (DAC'18), its DPNN: 8"),
          arch::columns_parameter(
              1, "DaDianNao (MICRO'14): 1; DNNsim has 16",
              "windows that a tile works on at a time, each with multipliers of its own; a fully "
              "connected layer uses one"),
          arch::pe_width_parameter(),
          arch::storage_parameter(arch::Storage::container, "DaDianNao (MICRO'14) stores full containers"),
          arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  return {.array = arch::ArrayParams::from(values, "filters_per_tile")};
}

// In each cycle one brick of each window of a set meets all filters of a pass. Precision changes nothing.
arch::Cost Dadn::price(const arch::LayerInput& input, const arch::Prepared&, const arch::Block& block) const {
  const pricing::Presence present = pricing::presence(input, block);
  const Cycles pass(block.window_sets.size() * input.mapping.steps);
  arch::Cost cost;
  cost.passes.assign(block.passes.size(), pass);
  cost.compute = pass * block.passes.size();
  cost.lanes = pricing::complete(input.mapping.array, cost.compute,
                                 pricing::working(present, input.mapping.composition.elements()));
  cost.activation_read = pricing::activation_bits(input, block, params_.array.container_bits);
  cost.weight_read = pricing::weight_bits(input, block, params_.array.container_bits);
  return cost;
}

}  // namespace heddle::models::dadn

namespace heddle::models {

arch::ModelInfo describe_dadn() {
  return {.name = "dadn",
          .summary = "bit-parallel baseline: one window brick meets every filter each cycle",
          .citation =
              "Chen et al., DaDianNao: A Machine-Learning Supercomputer, MICRO 2014 (DPNN in Sharify et al., "
              "Loom)",
          .parameters = dadn::Params::declaration(),
          .events = {},
          .make = dadn::make};
}

}  // namespace heddle::models
