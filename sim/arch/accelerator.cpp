// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/accelerator.h"

#include <numeric>

namespace heddle::arch {

Block whole_layer(const Mapping& mapping) {
  Block block;
  block.passes.resize(mapping.passes.size());
  block.window_sets.resize(mapping.window_sets.size());
  std::iota(block.passes.begin(), block.passes.end(), 0U);
  std::iota(block.window_sets.begin(), block.window_sets.end(), 0U);
  return block;
}

config::Parameter container_bits_parameter() {
  return config::Parameter::integer("container_bits", "bits", 8, 16)
      .by_default(16)
      .means("width in which values are stored and moved: 16, or 8 for an 8-bit build (no layer may need more)")
      .from("16-bit fixed point is the papers' container");
}

}  // namespace heddle::arch
