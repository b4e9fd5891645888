// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::workload {

// The width in bits that each group of 16 weights needs, sign bit included where the operand is signed; laid
// out as traces store widths: [K][R*S][ceil(C/groups/16)].
std::vector<std::uint8_t> detected_group_widths(const Layer& layer, const IntTensor& weights);

}  // namespace heddle::workload
