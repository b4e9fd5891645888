// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/tactical/plan.h"

namespace heddle::models::tactical {

// Counts the cycles of packed columns. What a column reads does not depend on the window, so lane masks and
// lists are made once a column and used for every window of the set. One object a thread: it keeps scratch.
class ColumnCycles {
 public:
  ColumnCycles(const Tactical& model, const arch::LayerInput& input, const TacticalPlan& plan)
      : model_(model), input_(input), plan_(plan) {}

  // out[e * windows.count + i]: cycles of packed column e for the i-th window, at least 1.
  void count(const PackedSet& set, const arch::WindowSet& windows, std::vector<std::uint8_t>& out);
  // Terms that the counted columns gave out so far, each once whatever the number of rows that use it.
  [[nodiscard]] std::uint64_t terms() const { return terms_; }

 private:
  void widths(const PackedSet& set, std::span<std::uint8_t> out);
  void row_widths(const PackedSet& set, std::span<std::uint8_t> out);
  void term_cycles(const PackedSet& set, std::span<std::uint8_t> out);
  void row_term_cycles(const PackedSet& set, std::span<std::uint8_t> out);
  [[nodiscard]] std::uint16_t lanes_of(const kernel::Read& read) const {
    return model_.params().gate_zero_slots ? read.gated_lanes : read.lanes;
  }
  // Copies the exponents that `reads` names into columns of `lanes` lanes, one a window.
  void gather(const SlotReads& reads, std::size_t lanes);

  const Tactical& model_;
  const arch::LayerInput& input_;
  const TacticalPlan& plan_;
  std::uint64_t terms_ = 0;
  std::vector<std::size_t> origins_;  // bricks
  std::vector<PackedBrick> widest_;
  std::vector<std::uint32_t> masks_;
  std::vector<std::uint8_t> row_cycles_;
  SlotReads reads_;
};

}  // namespace heddle::models::tactical
