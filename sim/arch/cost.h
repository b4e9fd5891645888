// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/base/quantity.h"

namespace heddle::arch {

// Counts of a model's own events, in the order of its ModelInfo; as many as it declares. A count that was
// never touched is 0.
class EventCounts {
 public:
  std::uint64_t& operator[](std::size_t event) {
    if (event >= counts_.size()) counts_.resize(event + 1);
    return counts_[event];
  }
  std::uint64_t operator[](std::size_t event) const { return event < counts_.size() ? counts_[event] : 0; }
  // One more than the index of the last event that was touched.
  [[nodiscard]] std::size_t size() const { return counts_.size(); }

  EventCounts& operator+=(const EventCounts& other) {
    if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
    for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  friend bool operator==(const EventCounts& a, const EventCounts& b) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }

 private:
  std::vector<std::uint64_t> counts_;
};

// Where the lane-cycles of a compute period went. A lane-cycle is one lane of one processing element
// advancing one cycle, so the five sum to compute_cycles x tiles x rows x columns x 16 (in column-cycles:
// divide by rows x lanes).
struct LaneBudget {
  LaneCycles effective;        // working on a product of the layer: its window, filter and weight exist
  LaneCycles folding_zeros;    // working on a zero by which folding extends the kernel
  LaneCycles synchronisation;  // such a lane, waiting for the slowest column, group, tile or operand
  LaneCycles edge;             // absent windows, filters or channels
  LaneCycles fill;             // pipeline fill: staggered starts, initial loads, reductions

  [[nodiscard]] LaneCycles total() const { return effective + folding_zeros + synchronisation + edge + fill; }
  LaneBudget& operator+=(const LaneBudget& other) {
    effective += other.effective;
    folding_zeros += other.folding_zeros;
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
  Bits activation_read;  // from the activation memory into the tiles
  Bits weight_read;      // from the weight memories into the tiles
  EventCounts events;    // the model's own
  // Compute cycles pass by pass, in order; sums to `compute`. The engine overlaps the next pass's weights.
  std::vector<Cycles> passes;

  Cost& operator+=(const Cost& other) {
    compute += other.compute;
    lanes += other.lanes;
    activation_read += other.activation_read;
    weight_read += other.weight_read;
    events += other.events;
    passes.insert(passes.end(), other.passes.begin(), other.passes.end());
    return *this;
  }
  friend bool operator==(const Cost&, const Cost&) = default;
};

}  // namespace heddle::arch
