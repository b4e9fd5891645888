// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/arch/mapping.h"

namespace heddle::pricing {

// Distinct rows of 256 activations (16 bricks) that the windows of a set touch in a step; row =
// floor(((y * padded width + x) * bricks + brick) / 16) over the padded image
// (docs/rules/stripes.md#activation-fetch).
std::uint32_t fetch_rows(const workload::LoweredLayer& layer, const arch::WindowSet& set, std::uint32_t step);

}  // namespace heddle::pricing
