// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "sim/base/quantity.h"

namespace heddle::arch {

inline constexpr std::size_t kMaxEvents = 12;

// Where the lane-cycles of a compute period went. A lane-cycle is one lane of one processing element
// advancing one cycle, so the four sum to compute_cycles x tiles x rows x columns x 16 (in column-cycles:
// divide by rows x lanes).
struct LaneBudget {
  LaneCycles effective;        // working on a window, a filter and a channel that exist
  LaneCycles synchronisation;  // such a lane, waiting for the slowest column, group, tile or operand
  LaneCycles edge;             // absent windows, filters or channels
  LaneCycles fill;             // pipeline fill: staggered starts, initial loads, reductions

  [[nodiscard]] LaneCycles total() const { return effective + synchronisation + edge + fill; }
  LaneBudget& operator+=(const LaneBudget& other) {
    effective += other.effective;
    synchronisation += other.synchronisation;
    edge += other.edge;
    fill += other.fill;
    return *this;
  }
  friend bool operator==(const LaneBudget&, const LaneBudget&) = default;
};

// What a block costs when memory takes no time. Additive.
struct Cost {
  Cycles compute;
  LaneBudget lanes;
  Bits activation_read;                            // from the activation memory into the tiles
  Bits weight_read;                                // from the weight memories into the tiles
  std::array<std::uint64_t, kMaxEvents> events{};  // the model's own, as its ModelInfo declares them
  // Compute cycles pass by pass, in order; sums to `compute`. The engine overlaps the next pass's weights.
  std::vector<Cycles> passes;

  Cost& operator+=(const Cost& other) {
    compute += other.compute;
    lanes += other.lanes;
    activation_read += other.activation_read;
    weight_read += other.weight_read;
    for (std::size_t i = 0; i < kMaxEvents; ++i) events[i] += other.events[i];
    passes.insert(passes.end(), other.passes.begin(), other.passes.end());
    return *this;
  }
  friend bool operator==(const Cost&, const Cost&) = default;
};

}  // namespace heddle::arch
