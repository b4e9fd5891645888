// SPDX-License-Identifier: Apache-2.0
#include "models/stripes/stripes.h"
#include "sim/hw/bit_true/activation_serial.h"
#include "sim/hw/bit_true/serial_array_impl.h"

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_stripes(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const stripes::Stripes&>(accelerator);
  const stripes::Params& params = model.params();
  using Array = hw::SerialArray<hw::ActivationSerial<arch::kMostSubwords>>;
  return std::make_unique<Array>(
      name,
      hw::ActivationSerial<arch::kMostSubwords>{params.bits_per_cycle, params.array.pe_width,
                                                hw::fetch_hold(params.fetch)},
      Array::Options{.shape = model.shape(), .columns_per_unit = params.array.shape.columns, .registers = 0});
}

}  // namespace heddle::models
