// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/memory/proportion.h"

namespace heddle::memory {

// A stretch of lines of the input, or of groups.
struct Extent {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// The input in lines. A line is a row of the image, or a column where windows run down the columns or the
// output has one row.
struct LineGeometry {
  std::uint64_t lines = 1;             // of the whole input, padding left out
  std::uint64_t windows_per_line = 1;  // of the output
  std::uint64_t stride = 1;
  std::uint64_t reach = 0;    // lines that a window reads below its first
  std::uint64_t padding = 0;  // lines above the input
};

// The filters that are on the array at the same time.
struct PassShape {
  std::uint64_t filters = 0;
  std::uint64_t filters_before = 0;  // of all earlier passes
  Extent groups;
};

// What loading a layer block by block costs when its window sets are cut into blocks of `sets`, of which the
// last may be smaller.
struct WindowCut {
  std::uint32_t sets = 1;
  std::uint32_t blocks = 1;
  std::uint64_t largest_lines = 0;
  std::uint64_t largest_pair_lines = 0;  // of two blocks that follow one another, shared lines once
  std::uint64_t all_lines = 0;           // of all blocks together, shared lines once per block
  std::uint64_t largest_windows = 0;
};

// The same for its passes, which are cut into blocks of nearly equal size.
struct FilterCut {
  std::uint32_t blocks = 1;
  std::uint64_t largest_filters = 0;
  std::uint64_t largest_groups = 1;
  std::uint64_t all_groups = 0;  // loaded by all blocks together
};

// What does not depend on any capacity: which lines of its input the windows of a layer need, which filters
// its passes hold, and in which ways the layer can be cut.
class LayerShape {
 public:
  LayerShape(const workload::Layer& layer, const workload::LoweredLayer& lowered,
             const arch::Mapping& mapping);

  // Lines that some window sets read. Padding is left out, and so are lines that no window reads because the
  // stride is larger than the kernel: the others are numbered as if those were not there.
  [[nodiscard]] Extent lines(Range sets) const;
  [[nodiscard]] std::uint64_t line_count() const { return lines_.lines; }
  [[nodiscard]] std::uint64_t used_lines() const { return lines(all_sets()).count; }
  [[nodiscard]] std::uint64_t used_line_groups() const { return used_lines() * groups(); }
  [[nodiscard]] std::uint32_t groups() const { return groups_; }
  // Groups of the input that some passes read.
  [[nodiscard]] Extent groups_of(Range passes) const;

  [[nodiscard]] std::uint32_t passes() const { return static_cast<std::uint32_t>(passes_.size()); }
  [[nodiscard]] const PassShape& pass(std::uint32_t index) const { return passes_[index]; }
  [[nodiscard]] std::uint64_t filters() const {
    return passes_.back().filters_before + passes_.back().filters;
  }
  [[nodiscard]] std::uint64_t largest_pass_filters() const;

  [[nodiscard]] std::uint32_t window_sets() const {
    return static_cast<std::uint32_t>(windows_before_.size() - 1);
  }
  [[nodiscard]] Range all_sets() const { return {0, window_sets()}; }
  [[nodiscard]] std::uint64_t windows() const { return windows_before_.back(); }
  [[nodiscard]] std::uint64_t windows(Range sets) const {
    return windows_before_[sets.end] - windows_before_[sets.begin];
  }
  [[nodiscard]] std::uint64_t windows_before(std::uint32_t set) const { return windows_before_[set]; }
  [[nodiscard]] std::uint32_t bricks() const { return bricks_; }

  // The cuts that blocking chooses from, fewest blocks first: of all numbers of blocks with blocks of the
  // same size the smallest, and others that share fewer lines. A larger memory always has the choices of a
  // smaller one.
  [[nodiscard]] const std::vector<WindowCut>& window_cuts() const { return window_cuts_; }
  [[nodiscard]] const std::vector<FilterCut>& filter_cuts() const { return filter_cuts_; }
  [[nodiscard]] const std::vector<std::uint32_t>& slice_counts() const { return slice_counts_; }
  [[nodiscard]] std::uint64_t largest_set_windows() const { return largest_set_; }

 private:
  [[nodiscard]] std::uint64_t without_unread(std::uint64_t line) const;
  void cut_all_windows();
  void cut_all_filters();
  [[nodiscard]] WindowCut cut_windows(std::uint32_t sets) const;

  LineGeometry lines_;
  std::uint32_t groups_;
  std::uint32_t bricks_;
  std::vector<std::uint64_t> windows_before_;  // each set; at the end, all windows
  std::uint64_t largest_set_ = 0;              // windows
  std::vector<PassShape> passes_;
  std::vector<WindowCut> window_cuts_;
  std::vector<FilterCut> filter_cuts_;
  std::vector<std::uint32_t> slice_counts_;
};

}  // namespace heddle::memory
