// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sim/workload/network.h"

namespace heddle::workload {

// Values for operands whose trace holds none. Decoded integers in the shapes of traces, within the operand's
// precision. Re-entrant: any thread, any order, same answer.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  [[nodiscard]] virtual IntTensor activations(const Layer& layer, std::uint32_t sample) const = 0;
  // Static weights ignore `sample`.
  [[nodiscard]] virtual IntTensor weights(const Layer& layer, std::uint32_t sample) const = 0;
  // Everything that the values depend on beside the network, such as "synthetic:0": part of a trace's digest.
  [[nodiscard]] virtual std::string label() const = 0;
};

}  // namespace heddle::workload
