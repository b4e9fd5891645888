// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace heddle::arch {

// How a design that packs weights ahead of time packed those of one layer (`heddle schedule`). Counts are
// sums over the layer's filter sets, each packed once. A slot is one lane of one filter row in one column.
struct PackingReport {
  // Weights that came from `columns` later and `lanes` further.
  struct Moves {
    std::uint32_t columns = 0;
    std::int32_t lanes = 0;
    std::uint64_t weights = 0;
  };

  std::uint64_t filter_sets = 0;
  std::uint64_t columns_before = 0;
  std::uint64_t columns_after = 0;  // a set that keeps no column still takes a cycle; it counts 0 here
  std::uint64_t empty_sets = 0;     // sets that keep none
  std::uint64_t nonzero_weights = 0;
  std::uint64_t present_slots_before = 0;  // slots with a filter and a channel, before
  std::uint64_t own_slots = 0;             // after: slots by what they hold
  std::uint64_t moved_slots = 0;
  std::uint64_t zero_slots = 0;          // a zero that still holds its place
  std::uint64_t empty_slots = 0;         // vacated, or without a channel
  std::uint64_t slowest_set_before = 0;  // the most columns that one set has
  std::uint64_t slowest_set_after = 0;
  std::vector<std::uint64_t>
      sets_by_kept_tenths;  // [i]: sets that keep (10 (i - 1), 10 i] % of their columns; [0]: none
  std::vector<std::uint64_t> columns_by_skipped;  // [n]: kept columns before which n columns were skipped
  std::vector<std::uint64_t> rows_by_weights;  // [n]: filter rows of kept columns with n of 16 lanes non-zero
  std::vector<std::uint64_t> rows_before_by_weights;  // the same before packing
  std::vector<Moves> moves;  // ascending (columns, lanes); at most those of the pattern, or distances alone
  std::uint64_t select_bits = 0;  // metadata that travels with the packed weights
  std::uint64_t skip_bits = 0;
};

}  // namespace heddle::arch
