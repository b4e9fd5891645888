// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/arch/accelerator.h"

namespace heddle::pricing {

enum class ActivationFetch { ideal, rows };

// The parameter `activation_fetch` and its value.
config::Parameter activation_fetch_parameter();
ActivationFetch activation_fetch_from(const config::Values& values);

// Compute cycles, passes and lane budget of a block where all columns take `serial_cycles` per step and, in
// convolutions with ActivationFetch::rows, wait for the memory rows that their windows touch (Stripes). In
// fully connected layers bricks take turns on the columns.
arch::Cost price_activation_serial(const arch::LayerInput& input, const arch::Block& block,
                                   std::uint64_t serial_cycles, ActivationFetch fetch);

}  // namespace heddle::pricing
