// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "sim/hw/bit_true/serial_array.h"
#include "sim/pricing/activation_serial.h"
#include "sim/pricing/fetch_rows.h"

namespace heddle::models::tartan {

// Cycles that a convolution's step is held for its activation rows; null where fetching is ideal.
inline std::function<std::uint32_t(const hw::StepOperands&)> fetch_hold(pricing::ActivationFetch fetch) {
  if (fetch == pricing::ActivationFetch::ideal) return nullptr;
  return [](const hw::StepOperands& operands) -> std::uint32_t {
    const arch::LayerInput& input = *operands.input;
    if (input.lowered.is_fully_connected) return 0;
    const auto groups = pricing::groups_of(input.mapping.passes[operands.pass]);
    return pricing::fetch_rows(input.lowered, groups, input.mapping.window_sets[operands.window_set],
                               operands.step);
  };
}

}  // namespace heddle::models::tartan
