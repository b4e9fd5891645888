// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace heddle::models::laconic {

// Laconic (arXiv 1805.04513): a processing element multiplies 16 pairs term by term, one weight term and one
// activation term of each pair per cycle, so that lane l takes nW(l) * nA(l) cycles and a step takes
// max(1, max over the lanes). Term counts are bytes, 16 per brick; a count is at most 17.

// Barrier form: all rows and columns of the array step together, and
//   max over i, j, l of nW(i,l) * nA(j,l) = max over l of max_i nW(i,l) * max_j nA(j,l),
// so a step needs the lane maxima only (max_terms_per_lane). Step s pairs bytes 16 s .. 16 s + 15 of both.
// weights.size() == activations.size() == 16 * out.size().
void barrier_steps(std::span<const std::uint8_t> weights, std::span<const std::uint8_t> activations,
                   std::span<std::uint16_t> out);
// The cycles of these steps together.
std::uint64_t barrier_cycles(std::span<const std::uint8_t> weights,
                             std::span<const std::uint8_t> activations);

// One step of a whole array: out[i * columns + j] = max(1, max over l of weights[16 i + l] * activations[16 j
// + l]).
void pair_steps(std::span<const std::uint8_t> weights, std::span<const std::uint8_t> activations,
                std::span<std::uint16_t> out);

// Queue form: rows and columns hold `depth` operand bricks each, shared by the elements of the row or column.
//   end(i,j,s) = max(end(i,j,s-1), relW(i,s), relA(j,s)) + pair(i,j,s)
//   relW(i,s) = max_j end(i,j,s-Q), relA(j,s) = max_i end(i,j,s-Q); terms at s - Q < 0 are 0.
// A pair count of 0 marks an absent element (no such filter or window): it ends nothing.
class QueueArray {
 public:
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  // rows, columns > 0; depth >= 1.
  QueueArray(std::size_t rows, std::size_t columns, std::uint32_t depth);

  // `pair_cycles` has rows * columns entries in the order of pair_steps().
  void step(std::span<const std::uint16_t> pair_cycles);

  // When the last element has ended all steps so far.
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
