// SPDX-License-Identifier: Apache-2.0
#include "models/tartan/tartan.h"
#include "sim/hw/bit_true/activation_serial.h"
#include "sim/hw/bit_true/cascade_array_impl.h"
#include "sim/hw/bit_true/serial_array_impl.h"
#include "sim/hw/bit_true/split_array.h"
#include "sim/hw/bit_true/weight_load.h"

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_tartan(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const tartan::Tartan&>(accelerator);
  using Convolutions = hw::SerialArray<hw::ActivationSerial<1>>;
  using FullyConnected = hw::CascadeArray<hw::WeightLoad>;
  const std::uint32_t bits = model.params().bits_per_cycle;
  const auto layer_widths = [](const hw::CascadeOperands& operands) {
    const workload::Layer& layer = operands.input->layer;
    const std::uint32_t width = layer.precision.activation_bits;
    return hw::WeightLoad::Widths{width, layer.precision.weight_bits,
                                  hw::BitSerializer::of_width(width, layer.activation.rep.is_signed)};
  };
  return std::make_unique<hw::SplitArray<Convolutions, FullyConnected>>(
      name,
      hw::ActivationSerial<1>{.bits_per_cycle = bits, .least_cycles = hw::fetch_hold(model.params().fetch)},
      Convolutions::Options{
          .shape = model.shape(), .columns_per_unit = model.params().array.shape.columns, .registers = 0},
      hw::WeightLoad{bits, layer_widths},
      FullyConnected::Options{.shape = model.shape(), .reduction = hw::Reduction::tree, .loads_first = true});
}

}  // namespace heddle::models
