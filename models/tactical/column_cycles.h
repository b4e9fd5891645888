// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/tactical/prepared.h"

namespace heddle::models::tactical {

// Counts the cycles of packed columns. What a column reads does not depend on the window, so lane masks and
// lists are made once per column and used for every window of the set. One object per thread, because it has
// scratch space.
class ColumnCycles {
 public:
  ColumnCycles(const Tactical& model, const arch::LayerInput& input, const PreparedTactical& prepared)
      : model_(model), input_(input), prepared_(prepared) {}

  // out[e * windows.count + i]: cycles of packed column e for the i-th window, at least 1.
  void count(const PackedSet& set, const arch::WindowSet& windows, std::vector<std::uint8_t>& out);
  // Terms that the counted columns sent so far. Each counts once, however many rows use it.
  [[nodiscard]] std::uint64_t terms() const { return terms_; }

 private:
  // The windows of a set, kShifterColumns at a time.
  struct Chunk {
    std::size_t first = 0;  // window of the set
    std::size_t count = 0;
    std::vector<std::size_t> origins;
    struct Run {
      std::size_t to, count, from;
    };
    std::vector<Run> runs;  // neighbours in the image; empty where windows are no neighbours
    bool needs_wide = false;
  };

  void find_chunks(const PackedSet& set, const arch::WindowSet& windows);
  void widths(const PackedSet& set, std::span<std::uint8_t> out);
  void row_widths(const PackedSet& set, std::span<std::uint8_t> out);
  void term_cycles(const PackedSet& set, std::span<std::uint8_t> out);
  // For one window and many columns: the columns take the places of the windows.
  void column_batches(const PackedSet& set, std::span<std::uint8_t> out);
  // Raises `out` to the cycles of the windows where these are larger.
  void shift_windows(std::span<std::uint8_t> out);
  void shift_chunk(const Chunk& chunk, std::uint32_t subword, std::span<std::uint8_t> out);
  template <class Mask>
  std::span<Mask> gather(const Chunk& chunk, const Mask* image, std::vector<Mask>& state);
  [[nodiscard]] std::uint16_t lanes_of(const Read& read) const {
    return model_.params().gate_zero_slots ? read.gated_lanes : read.lanes;
  }
  // Finds what an emitted column reads in any row, as distances from a window's origin.
  void find_reads(const PackedSet& set, std::size_t emitted);

  const Tactical& model_;
  const arch::LayerInput& input_;
  const PreparedTactical& prepared_;
  std::uint64_t terms_ = 0;
  std::uint32_t subword_ = 0;
  std::vector<std::size_t> origins_;  // bricks
  std::vector<PackedBrick> widest_;
  std::vector<Chunk> chunks_;
  std::vector<std::size_t> reads_;
  std::vector<std::uint16_t> narrow_;  // [lane][window]
  std::vector<std::uint32_t> wide_;
};

}  // namespace heddle::models::tactical
