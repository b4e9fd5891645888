// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/loom/loom.h"

namespace heddle::models::loom {

// What a layer's blocks share. A bit step is a cycle in which `bits_per_cycle` bits of each activation
// stream.
struct PreparedLoom final : arch::Prepared {
  std::uint32_t layer_bit_steps = 1;          // ceil(Pa / b), of a subword where values are cut
  std::uint32_t layer_weight_bits = 1;        // Pw, likewise
  std::uint32_t layer_weight_steps = 1;       // weight bits for which a step streams: layer_weight_bits or Pw
  std::vector<std::uint8_t> brick_bit_steps;  // of each brick of the image; empty: the layer's for all
  std::vector<std::uint8_t> weight_bits;      // [filter][step]; empty: the layer's for all
  // weight_sync "mean": the average weight width is mean_sum / mean_count. 0 / 0: the maximum counts.
  std::uint64_t mean_sum = 0;
  std::uint64_t mean_count = 0;
};

// Bit steps of each step, summed over a block's window sets; the groups are those of one pass.
struct Streams {
  std::vector<std::uint64_t> widest;            // of the step, once per window set
  std::vector<std::uint64_t> held;              // the same, once per window
  std::vector<std::vector<std::uint64_t>> own;  // [group]: of each window's own brick
};
Streams streams_of(const arch::LayerInput& input, const PreparedLoom& prepared, const arch::Block& block,
                   const std::vector<std::uint32_t>& groups);

// Weight bits per step of one pass.
struct PassWeights {
  std::vector<std::uint32_t> groups;            // that the pass works on
  std::vector<std::uint64_t> filters;           // [group]
  std::vector<std::uint64_t> widest;            // of all filters of the pass
  std::vector<std::vector<std::uint64_t>> own;  // [group]: summed over its filters
};
PassWeights weights_of(const arch::LayerInput& input, const PreparedLoom& prepared, std::uint32_t pass);

}  // namespace heddle::models::loom
