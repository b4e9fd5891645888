// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/arch/mapping.h"

namespace heddle::pricing {

// Groups of channels that the filter sets of a pass work on, in ascending order.
std::vector<std::uint32_t> groups_of(const arch::Pass& pass);

// Distinct rows of 256 activations (16 bricks) that the windows of a set touch in a step of these groups. The
// memory holds all channels of the layer's input: row = floor(((y * padded width + x) * bricks + brick) / 16)
// over the padded image, with the bricks of all channels (docs/rules/stripes.md#activation-fetch).
std::uint32_t fetch_rows(const workload::LoweredLayer& layer, std::span<const std::uint32_t> groups,
                         const arch::WindowSet& set, std::uint32_t step);

}  // namespace heddle::pricing
