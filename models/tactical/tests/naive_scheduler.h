// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "models/tactical/kernel/pattern.h"

namespace heddle::test {

// Bit-Tactical's scheduler, written from the text of docs/rules/tactical.md#scheduler with one object per
// slot.
struct NaiveScheduler {
  struct Weight {
    int column, lane;
  };
  struct Cell {
    std::optional<Weight> weight;
    bool vacated = false;
  };
  using Row = std::vector<std::array<Cell, 16>>;
  struct Emitted {
    int column;
    std::vector<std::array<Cell, 16>> rows;
  };

  std::vector<Row> rows;
  std::vector<heddle::models::tactical::Offset> places;
  bool most = false;
  int lanes = 16;  // of a row, up to 16
  std::vector<Emitted> emitted;

  NaiveScheduler(const std::vector<std::uint16_t>& nonzero, std::size_t row_count,
                 const heddle::models::tactical::Pattern& pattern, bool take_most, int lane_count = 16)
      : places(pattern.offsets().begin(), pattern.offsets().end()), most(take_most), lanes(lane_count) {
    const std::size_t columns = nonzero.size() / row_count;
    for (std::size_t r = 0; r < row_count; ++r) {
      rows.emplace_back(columns);
      for (std::size_t t = 0; t < columns; ++t) {
        for (int l = 0; l < 16; ++l) {
          const bool live = ((nonzero[r * columns + t] >> l) & 1) != 0;
          if (live) rows[r][t][static_cast<std::size_t>(l)].weight = Weight{static_cast<int>(t), l};
        }
      }
    }
    int h = 0;
    for (const auto place : places) h = std::max<int>(h, place.columns);
    int skipped = 0;
    for (std::size_t t = 0; t < columns; ++t) {
      if (skipped < h && zero(t)) {
        ++skipped;
        continue;
      }
      skipped = 0;
      Emitted out{static_cast<int>(t), {}};
      for (auto& row : rows) {
        while (promote(row, t)) {
        }
        out.rows.push_back(row[t]);
      }
      emitted.push_back(out);
    }
  }

  [[nodiscard]] bool zero(std::size_t t) const {
    for (const auto& row : rows) {
      for (const auto& cell : row[t]) {
        if (cell.weight) return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::vector<Cell*> candidates(Row& row, std::size_t t, int lane) const {
    std::vector<Cell*> found;
    for (const auto place : places) {
      if (t + place.columns >= row.size()) continue;
      const int from = ((lane + place.lanes) % lanes + lanes) % lanes;
      Cell& cell = row[t + place.columns][static_cast<std::size_t>(from)];
      if (cell.weight) found.push_back(&cell);
    }
    return found;
  }

  [[nodiscard]] bool promote(Row& row, std::size_t t) const {
    int best = -1;
    std::size_t best_count = 0;
    for (int lane = 0; lane < lanes; ++lane) {
      if (row[t][static_cast<std::size_t>(lane)].weight) continue;
      const std::size_t count = candidates(row, t, lane).size();
      if (count == 0) continue;
      if (best < 0 || (most ? count > best_count : count < best_count)) {
        best = lane;
        best_count = count;
      }
    }
    if (best < 0) return false;
    Cell* const from = candidates(row, t, best).front();
    row[t][static_cast<std::size_t>(best)].weight = from->weight;
    from->weight.reset();
    from->vacated = true;
    return true;
  }
};

}  // namespace heddle::test
