// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace heddle::kernel {

// Column run-ahead (Pragmatic, DPRed, Bit-Tactical): R weight-set registers let columns drift apart.
//   start(j,k) = max(end(j,k-1), E(k-1-R)),  end(j,k) = start(j,k) + cycles(j,k),  E(k) = max_j end(j,k)
// R = 0 is a barrier at every step; unlimited registers never wait. Times are cycles since construction.
//
// A count of 0 marks an absent column (a short window set): it takes no time and delays no other column.
//
// DNNsim's column registers, f_g = max(ready, f_g) + t_g with ready = M_(i-R) after step i and
// M_j = max_g f_g, are the same recurrence: E(k) is M_k and ready at step k is M_(k-1-R).
class RunAhead {
 public:
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  // columns > 0. Keeps registers + 1 past values of E, unless unlimited.
  RunAhead(std::size_t columns, std::uint32_t registers);

  // One step: the cycles of each column. column_cycles.size() == columns. `weights`: by how much a waiting
  // cycle of each column counts in weighted_waiting() from this step on, such as its lanes in use; empty: 1.
  void step(std::span<const std::uint32_t> column_cycles, std::span<const std::uint64_t> weights = {});

  // All columns wait for the last one: a barrier.
  void drain();

  // When the last column ends the steps so far.
  [[nodiscard]] std::uint64_t finish_cycles() const { return finish_; }
  // Cycles that columns spent waiting for a weight set or a barrier, each times the weight of the column's
  // last step. A column that was absent in its last step does not wait. The wait after a column's last step
  // is known only at drain().
  [[nodiscard]] std::uint64_t weighted_waiting() const { return weighted_waiting_; }

 private:
  // Moves a column's end to `time`; the gap is waiting, unless the column was absent in its last step.
  void advance(std::size_t column, std::uint64_t time);
  void barrier_step(std::span<const std::uint32_t> column_cycles, std::span<const std::uint64_t> weights);

  std::uint32_t registers_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint8_t> was_absent_;
  std::vector<std::uint64_t> weights_;    // of each column's last step
  std::vector<std::uint64_t> step_ends_;  // ring: E of the last registers + 1 steps
  std::size_t entry_ = 0;                 // of the ring: the oldest step
  std::uint64_t finish_ = 0;
  std::uint64_t weighted_waiting_ = 0;
};

}  // namespace heddle::kernel
