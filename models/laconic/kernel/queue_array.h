// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace heddle::models::laconic {

// Queue form: rows and columns hold `depth` operand bricks each, shared by the elements of the row or column.
//   end(i,j,s) = max(end(i,j,s-1), relW(i,s), relA(j,s)) + pair(i,j,s)
//   relW(i,s) = max_j end(i,j,s-Q), relA(j,s) = max_i end(i,j,s-Q); terms at s - Q < 0 are 0.
// A pair count of 0 marks an absent element (no such filter or window): it ends nothing.
class QueueArray {
 public:
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  // rows, columns > 0; depth >= 1.
  QueueArray(std::size_t rows, std::size_t columns, std::uint32_t depth);

  // pair_cycles as pair_steps() lays them out: rows * columns.
  void step(std::span<const std::uint16_t> pair_cycles);

  // When the last element ends what it was given so far.
  [[nodiscard]] std::uint64_t finish_cycles() const { return finish_; }

 private:
  void step_freely(std::span<const std::uint16_t> pair_cycles);

  std::size_t rows_;
  std::size_t columns_;
  std::uint32_t depth_;
  std::vector<std::uint64_t> ends_;             // [row][column]
  std::vector<std::uint64_t> row_releases_;     // ring of depth_ steps, [entry][row]
  std::vector<std::uint64_t> column_releases_;  // ring of depth_ steps, [entry][column]
  std::vector<std::uint64_t> column_latest_;    // scratch of one step
  std::size_t entry_ = 0;
  std::uint64_t finish_ = 0;
};

}  // namespace heddle::models::laconic
