// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/run_ahead.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::kernel {

RunAhead::RunAhead(std::size_t columns, std::uint32_t registers)
    : registers_(registers),
      ends_(columns),
      was_absent_(columns),
      weights_(columns, 1),
      step_ends_(registers == kUnlimited ? 0 : std::size_t{registers} + 1) {
  HEDDLE_CHECK(columns > 0, "run-ahead needs a column");
}

void RunAhead::advance(std::size_t column, std::uint64_t time) {
  if (time <= ends_[column]) return;
  if (was_absent_[column] == 0) weighted_waiting_ += (time - ends_[column]) * weights_[column];
  ends_[column] = time;
}

// With R = 0 every column ends each step at finish_; ends_ and the ring are not needed.
void RunAhead::barrier_step(std::span<const std::uint32_t> column_cycles,
                            std::span<const std::uint64_t> weights) {
  const std::uint64_t slowest = *std::max_element(column_cycles.begin(), column_cycles.end());
  for (std::size_t j = 0; j < column_cycles.size(); ++j) {
    const bool absent = column_cycles[j] == 0;
    if (!absent) weighted_waiting_ += (slowest - column_cycles[j]) * (weights.empty() ? 1 : weights[j]);
  }
  finish_ += slowest;
}

void RunAhead::step(std::span<const std::uint32_t> column_cycles, std::span<const std::uint64_t> weights) {
  HEDDLE_CHECK(column_cycles.size() == ends_.size(), "one count per column");
  HEDDLE_CHECK(weights.empty() || weights.size() == ends_.size(), "one weight per column");
  if (registers_ == 0) return barrier_step(column_cycles, weights);
  const std::uint64_t ready = step_ends_.empty() ? 0 : step_ends_[entry_];
  for (std::size_t j = 0; j < ends_.size(); ++j) {
    advance(j, ready);
    was_absent_[j] = column_cycles[j] == 0 ? 1 : 0;
    if (column_cycles[j] != 0) weights_[j] = weights.empty() ? 1 : weights[j];
    ends_[j] += column_cycles[j];
    finish_ = std::max(finish_, ends_[j]);
  }
  if (step_ends_.empty()) return;
  step_ends_[entry_] = finish_;  // E(k): ends only grow, so the latest of all is the latest of this step
  entry_ = entry_ + 1 == step_ends_.size() ? 0 : entry_ + 1;
}

void RunAhead::drain() {
  if (registers_ == 0) return;
  for (std::size_t j = 0; j < ends_.size(); ++j) advance(j, finish_);
}

}  // namespace heddle::kernel
