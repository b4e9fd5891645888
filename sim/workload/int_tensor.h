// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace heddle::workload {

using Shape = std::vector<std::uint64_t>;

// Decoded integers with their shape, as traces/FORMAT.md states it: activations (1,C,H,W) or (M,C),
// weights (K,C/groups,R,S) or (K,C/groups).
struct IntTensor {
  Shape shape;
  std::vector<std::int32_t> values;
};

}  // namespace heddle::workload
