// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/group_widths.h"
#include "sim/config/values.h"
#include "sim/workload/lowering.h"

namespace heddle::arch {

inline constexpr std::uint32_t kLanes = workload::kBrick;

// The array of processing elements: `tiles` hold different filters of the same windows; a tile has `rows`
// filters x `columns` windows, each element 16 lanes.
struct ArrayShape {
  std::uint32_t tiles = 1;
  std::uint32_t rows = 1;
  std::uint32_t columns = 1;

  [[nodiscard]] std::uint64_t lanes() const { return std::uint64_t{tiles} * rows * columns * kLanes; }
};

// Elements that work as one on a value that is wider than an element: rows on a weight, columns on an
// activation (sim/arch/composition.h).
struct Composition {
  std::uint32_t rows = 1;
  std::uint32_t columns = 1;

  [[nodiscard]] std::uint64_t elements() const { return std::uint64_t{rows} * columns; }
  friend bool operator==(const Composition&, const Composition&) = default;
};

enum class Pallet { wrap, row };
enum class Depthwise { bricks, square };
enum class StepOrder { passes_first, windows_first };

// The `mapping` section of every accelerator's configuration.
struct MappingOptions {
  Pallet pallet = Pallet::wrap;
  Depthwise depthwise = Depthwise::bricks;
  StepOrder step_order = StepOrder::passes_first;
  workload::LoweringOptions lowering;
  // The section `group_widths` of the configuration, which stands beside its section `mapping`.
  AssumedWidths assumed_widths;

  static const config::Declaration& declaration();
  static MappingOptions from(const config::Values& values);
  // Options in force whose counts no array gives, one sentence each; results repeat them as assumptions.
  [[nodiscard]] std::vector<std::string> assumptions() const;
};

// The filters of one tile at a time; none crosses a group.
struct FilterSet {
  std::uint32_t group = 0;
  std::uint32_t first_filter = 0;
  std::uint32_t filters = 0;
};

// Filter sets that run at the same time, set i on tile i. At most one per tile.
using Pass = std::vector<FilterSet>;

// Windows that run at the same time, one per column: consecutive in row-major order.
struct WindowSet {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
};

// Which filters and windows of a lowered layer meet, and when: the loop order of docs/rules.md#step-order
// (pass over filter sets, window set, kernel y, kernel x, channel brick), or the first two the other way
// round.
struct Mapping {
  ArrayShape array;  // of the elements that are there
  Composition composition;
  std::vector<Pass> passes;
  std::vector<WindowSet> window_sets;
  std::uint32_t steps = 0;  // of one window and one filter set
  StepOrder step_order = StepOrder::passes_first;

  // The array as the layer sees it.
  [[nodiscard]] ArrayShape composed() const {
    return {array.tiles, array.rows / composition.rows, array.columns / composition.columns};
  }
  // Column-steps in which a window is present, all window sets: windows x steps.
  [[nodiscard]] std::uint64_t windows() const;
};

Mapping map_layer(const workload::LoweredLayer& layer, const ArrayShape& array, Pallet pallet,
                  Composition composition = {});

}  // namespace heddle::arch
