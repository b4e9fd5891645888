// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/stripes.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/arch/budget.h"
#include "sim/arch/fetch_rows.h"
#include "sim/base/error.h"
#include "sim/base/quantity.h"
#include "sim/kernel/round_robin.h"

namespace heddle::models::stripes {
namespace {

using config::Parameter;

struct NoPlan final : arch::Plan {};

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Stripes>(Params::from(values));
}

// Cycles of one pass over the block's window sets.
std::uint64_t pass_cycles(const arch::LayerInput& input, const arch::Block& block, std::uint64_t serial,
                          ActivationFetch fetch) {
  if (fetch == ActivationFetch::ideal) return block.window_sets.size() * input.mapping.steps * serial;
  std::uint64_t sum = 0;
  for (const auto set : block.window_sets) {
    for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
      sum += std::max<std::uint64_t>(serial,
                                     arch::fetch_rows(input.lowered, input.mapping.window_sets[set], step));
    }
  }
  return sum;
}

}  // namespace

config::Declaration Params::declaration() {
  return {
      Parameter::integer("tiles", "tiles", 1, 1024)
          .by_default(16)
          .means("tiles, each with its own filters of the same windows")
          .from("Stripes (MICRO'16), matched to DaDianNao's 16 tiles"),
      Parameter::integer("rows", "filters", 1, 1024)
          .by_default(16)
          .means("filters of a tile")
          .from("Stripes (MICRO'16)"),
      Parameter::integer("columns", "windows", 1, 256)
          .by_default(16)
          .means("windows of a tile: 16, or 8 where two bits are processed a cycle")
          .from("Stripes (MICRO'16)"),
      Parameter::integer("bits_per_cycle", "bits", 1, 2)
          .by_default(1)
          .means("activation bits that a unit processes a cycle")
          .from("Stripes (MICRO'16)"),
      Parameter::integer("pe_width", "bits", 4, 16)
          .by_default(16)
          .means(
              "widest value that a unit takes: wider activations are cut over ceil(Pa / pe_width) "
              "neighbouring columns, wider "
              "weights over ceil(Pw / pe_width) rows, which then work as one; 16: no unit is ever composed")
          .from("the open simulator DNNsim; 16 is the papers' unit"),
      Parameter::choice("activation_fetch", {"ideal", "rows"})
          .by_default("ideal")
          .means("rows: a step takes at least as many cycles as the pallet touches distinct rows of 256 "
                 "activations")
          .from("specification, Stripes; ideal is our default"),
      arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  return {
      .tiles = values.count("tiles"),
      .rows = values.count("rows"),
      .columns = values.count("columns"),
      .bits_per_cycle = values.count("bits_per_cycle"),
      .container_bits = values.count("container_bits"),
      .pe_width = values.count("pe_width"),
      .fetch = values.text("activation_fetch") == "rows" ? ActivationFetch::rows : ActivationFetch::ideal};
}

std::uint32_t Stripes::serial_cycles(const workload::Layer& layer) const {
  return static_cast<std::uint32_t>(
      ceil_div(std::min(layer.precision.activation_bits, params_.pe_width), params_.bits_per_cycle));
}

arch::ArrayShape Stripes::composed(const workload::LoweredLayer& layer) const {
  const auto blocks = [&](unsigned bits) {
    return static_cast<std::uint32_t>(ceil_div(bits, params_.pe_width));
  };
  return {params_.tiles, params_.rows / blocks(layer.weight_bits),
          params_.columns / blocks(layer.activation_bits)};
}

// Lane-cycles stay those of the units that are really there.
arch::Mapping Stripes::map(const workload::LoweredLayer& layer, arch::Pallet pallet) const {
  const arch::ArrayShape elements = composed(layer);
  if (elements.rows == 0 || elements.columns == 0) {
    throw Error(
        ErrorKind::config, "/parameters/pe_width",
        fmt::format("{} rows x {} columns of {}-bit units cannot compose {}-bit weights x {}-bit activations",
                    params_.rows, params_.columns, params_.pe_width, layer.weight_bits,
                    layer.activation_bits));
  }
  arch::Mapping out = arch::map_layer(layer, elements, pallet);
  out.array = shape();
  return out;
}

std::unique_ptr<arch::Plan> Stripes::prepare(const arch::LayerInput&) const {
  return std::make_unique<NoPlan>();
}

arch::Cost Stripes::price(const arch::LayerInput& input, const arch::Plan&, const arch::Block& block) const {
  const arch::ArrayShape& array = input.mapping.array;
  const arch::Presence present = arch::presence(input, block);
  const std::uint64_t serial = serial_cycles(input.layer);
  const std::uint64_t passes = block.passes.size();
  const arch::ArrayShape elements = composed(input.lowered);
  // Units that work as one on a value.
  const std::uint64_t units = ceil_div(input.lowered.activation_bits, params_.pe_width) *
                              ceil_div(input.lowered.weight_bits, params_.pe_width);
  const LaneCycles effective(present.windows * present.filter_channels * serial * units);
  arch::Cost cost;
  LaneCycles fill(0);
  LaneCycles synchronisation(0);
  if (input.lowered.is_fully_connected) {
    // The bricks of all passes take turns on the columns, starting one cycle apart; no gain from columns.
    const std::uint64_t bricks = input.mapping.steps * passes;
    cost.compute = Cycles(kernel::round_robin_cycles(bricks, elements.columns, serial));
    cost.passes = arch::split_evenly(cost.compute, passes);
    fill = LaneCycles((cost.compute.count() * elements.columns - bricks * serial) * units * elements.tiles *
                      elements.rows * arch::kLanes);
  } else {
    const std::uint64_t pass = pass_cycles(input, block, serial, params_.fetch);
    const std::uint64_t busy = block.window_sets.size() * input.mapping.steps * serial;
    cost.passes.assign(passes, Cycles(pass));
    cost.compute = Cycles(pass * passes);
    // Waiting for activation rows: whole-array cycles beyond the serial ones.
    synchronisation = LaneCycles((pass - busy) * passes * array.lanes());
  }
  cost.lanes = arch::complete(input.mapping.array, cost.compute, effective, synchronisation, fill);
  cost.activation_read = arch::activation_bits(input, block, params_.container_bits);
  cost.weight_read = arch::weight_bits(input, block, params_.container_bits);
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
