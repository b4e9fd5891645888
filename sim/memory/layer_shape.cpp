// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/base/error.h"
#include "sim/memory/blocking.h"

namespace heddle::memory {
namespace {

// Every number of blocks up to 32, then about a fifth apart, and the most there can be.
std::vector<std::uint32_t> cuts_of(std::uint32_t most) {
  std::vector<std::uint32_t> out;
  for (std::uint64_t n = 1; n < most; n = n < 32 ? n + 1 : n * 6 / 5)
    out.push_back(static_cast<std::uint32_t>(n));
  out.push_back(most);
  return out;
}

}  // namespace

LayerShape::LayerShape(const workload::Layer& layer, const workload::LoweredLayer& lowered,
                       const arch::Mapping& mapping)
    : groups_(static_cast<std::uint32_t>(lowered.groups.size())), bricks_(lowered.bricks) {
  const workload::Geometry& g = layer.geometry;
  const bool by_columns = g.out_height == 1 || lowered.window_order == workload::WindowOrder::column_major;
  line_count_ = by_columns ? g.width : g.height;
  windows_a_line_ = by_columns ? g.out_height : g.out_width;
  stride_ = by_columns ? g.stride_x : g.stride_y;
  reach_ = by_columns ? std::uint64_t{g.kernel_width - 1} * g.dilation_x
                      : std::uint64_t{g.kernel_height - 1} * g.dilation_y;
  pad_ = by_columns ? g.pad_left : g.pad_top;
  set_windows_.push_back(0);
  for (const auto& set : mapping.window_sets) set_windows_.push_back(set_windows_.back() + set.count);
  filters_ = 0;
  for (const auto& pass : mapping.passes) {
    std::uint64_t filters = 0;
    std::uint64_t first = groups_;
    std::uint64_t last = 0;
    for (const auto& set : pass) {
      filters += set.filters;
      first = std::min<std::uint64_t>(first, set.group);
      last = std::max<std::uint64_t>(last, set.group);
    }
    pass_filters_.push_back(filters);
    filters_before_.push_back(filters_);
    pass_groups_.push_back({first, last - first + 1});
    filters_ += filters;
  }
  for (const auto n : cuts_of(window_sets())) {
    WindowCut cut;
    cut.blocks = n;
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto begin = static_cast<std::uint32_t>(part_begin(window_sets(), i, n));
      const auto end = static_cast<std::uint32_t>(part_begin(window_sets(), i + 1, n));
      const Lines needed = lines(begin, end);
      cut.largest_lines = std::max(cut.largest_lines, needed.count);
      cut.all_lines += needed.count;
      cut.largest_windows = std::max(cut.largest_windows, windows(begin, end));
    }
    window_cuts_.push_back(cut);
  }
  for (const auto n : cuts_of(passes())) {
    FilterCut cut{.blocks = n, .largest_passes = 1, .largest_groups = 1, .all_groups = 0};
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto begin = static_cast<std::uint32_t>(part_begin(passes(), i, n));
      const auto end = static_cast<std::uint32_t>(part_begin(passes(), i + 1, n));
      const Lines in = groups_of(begin, end);
      cut.largest_passes = std::max(cut.largest_passes, end - begin);
      cut.largest_groups = std::max(cut.largest_groups, in.count);
      cut.all_groups += in.count;
    }
    filter_cuts_.push_back(cut);
  }
  slice_counts_ = cuts_of(bricks_);
}

LayerShape::Lines LayerShape::lines(std::uint32_t first_set, std::uint32_t last_set) const {
  HEDDLE_CHECK(first_set < last_set && last_set <= window_sets(), "a block without windows");
  const std::uint64_t first_out = set_windows_[first_set] / windows_a_line_;
  const std::uint64_t last_out = (set_windows_[last_set] - 1) / windows_a_line_;
  const std::uint64_t top = first_out * stride_;
  const std::uint64_t bottom = last_out * stride_ + reach_;
  const auto clamp = [&](std::uint64_t line) { return line > pad_ ? std::min(line - pad_, line_count_) : 0; };
  std::uint64_t first = clamp(top);
  const std::uint64_t end = clamp(bottom + 1);
  // Lines that a large stride steps over come along with the block behind them.
  if (first_set > 0) {
    const std::uint64_t before = (set_windows_[first_set] - 1) / windows_a_line_;
    first = std::min(first, clamp(before * stride_ + reach_ + 1));
  }
  return {first, end > first ? end - first : 0};
}

LayerShape::Lines LayerShape::groups_of(std::uint32_t first_pass, std::uint32_t last_pass) const {
  std::uint64_t first = groups_;
  std::uint64_t end = 0;
  for (std::uint32_t p = first_pass; p < last_pass; ++p) {
    first = std::min(first, pass_groups_[p].first);
    end = std::max(end, pass_groups_[p].first + pass_groups_[p].count);
  }
  return {first, end - first};
}

std::uint64_t LayerShape::largest_pass_filters() const {
  return *std::max_element(pass_filters_.begin(), pass_filters_.end());
}

std::uint32_t LayerShape::pieces_a_pass() const {
  const auto wanted = static_cast<std::uint32_t>(ceil_div(kPieces, passes()));
  return std::min(wanted, window_sets() > 1 ? window_sets() : bricks_);
}

}  // namespace heddle::memory
