// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/stripes.h"
#include "sim/hw/bit_true/activation_serial.h"
#include "sim/hw/bit_true/fetch_hold.h"

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_stripes(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const stripes::Stripes&>(accelerator);
  const hw::ActivationSerial design{model.params().bits_per_cycle, hw::fetch_hold(model.params().fetch)};
  return std::make_unique<hw::SerialArray<hw::ActivationSerial>>(
      name, design,
      hw::SerialArray<hw::ActivationSerial>::Options{.shape = model.shape(), .columns_per_unit = model.params().columns, .registers = 0});
}

}  // namespace heddle::models
