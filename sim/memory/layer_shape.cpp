// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/layer_shape.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::memory {
namespace {

LineGeometry line_geometry(const workload::Geometry& g, workload::WindowOrder order) {
  if (g.out_height == 1 || order == workload::WindowOrder::column_major) {
    return {.lines = g.width,
            .windows_per_line = g.out_height,
            .stride = g.stride_x,
            .reach = std::uint64_t{g.kernel_width - 1} * g.dilation_x,
            .padding = g.pad_left};
  }
  return {.lines = g.height,
          .windows_per_line = g.out_width,
          .stride = g.stride_y,
          .reach = std::uint64_t{g.kernel_height - 1} * g.dilation_y,
          .padding = g.pad_top};
}

std::vector<std::uint64_t> windows_before_sets(const arch::Mapping& mapping) {
  std::vector<std::uint64_t> out{0};
  for (const auto& set : mapping.window_sets) out.push_back(out.back() + set.count);
  return out;
}

std::vector<PassShape> passes_of(const arch::Mapping& mapping) {
  std::vector<PassShape> out;
  std::uint64_t before = 0;
  for (const auto& pass : mapping.passes) {
    HEDDLE_CHECK(!pass.empty(), "a pass without filters");
    std::uint64_t filters = 0;
    std::uint64_t first = pass.front().group;
    std::uint64_t last = first;
    for (const auto& set : pass) {
      filters += set.filters;
      first = std::min<std::uint64_t>(first, set.group);
      last = std::max<std::uint64_t>(last, set.group);
    }
    out.push_back({filters, before, {first, last - first + 1}});
    before += filters;
  }
  return out;
}

// Up to this many parts are cut in every way.
constexpr std::uint32_t kEvery = 128;

// The sizes of the largest block that cutting `all` into nearly equal blocks can give, smallest first.
std::vector<std::uint32_t> block_sizes(std::uint32_t all) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t blocks = 1; blocks <= all;) {
    const auto size = static_cast<std::uint32_t>(ceil_div(all, blocks));
    out.push_back(size);
    if (size == 1) break;
    blocks = static_cast<std::uint32_t>(ceil_div(all, size - 1));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// For each of these sizes, the fewest blocks, fewest first.
std::vector<std::uint32_t> block_counts(std::uint32_t all) {
  std::vector<std::uint32_t> out;
  for (const auto size : block_sizes(all)) out.push_back(static_cast<std::uint32_t>(ceil_div(all, size)));
  std::reverse(out.begin(), out.end());
  return out;
}

FilterCut cut_filters(const LayerShape& shape, std::uint32_t blocks) {
  FilterCut cut{.blocks = blocks};
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const Range passes = part_of(shape.passes(), i, blocks);
    const std::uint64_t groups = shape.groups_of(passes).count;
    const PassShape& last = shape.pass(passes.end - 1);
    cut.largest_filters = std::max(
        cut.largest_filters, last.filters_before + last.filters - shape.pass(passes.begin).filters_before);
    cut.largest_groups = std::max(cut.largest_groups, groups);
    cut.all_groups += groups;
  }
  return cut;
}

}  // namespace

LayerShape::LayerShape(const workload::Layer& layer, const workload::LoweredLayer& lowered,
                       const arch::Mapping& mapping)
    : lines_(line_geometry(layer.geometry, lowered.window_order)),
      groups_(static_cast<std::uint32_t>(lowered.groups.size())),
      bricks_(lowered.bricks),
      windows_before_(windows_before_sets(mapping)),
      passes_(passes_of(mapping)),
      slice_counts_(block_counts(bricks_)) {
  for (const auto& set : mapping.window_sets) largest_set_ = std::max<std::uint64_t>(largest_set_, set.count);
  cut_all_windows();
  cut_all_filters();
}

// Of cuts into the same number of blocks those with larger blocks are of use where fewer lines are shared.
void LayerShape::cut_all_windows() {
  std::vector<std::uint32_t> sizes = block_sizes(window_sets());
  const auto ends_line = [&](std::uint32_t sets) {
    return windows_before_[sets] % lines_.windows_per_line == 0;
  };
  std::uint32_t aligned = 1;
  while (aligned < window_sets() && !ends_line(aligned)) ++aligned;
  for (const auto n : block_sizes(window_sets() / aligned)) sizes.push_back(n * aligned);
  for (std::uint32_t n = 1; window_sets() <= kEvery && n <= window_sets(); ++n) sizes.push_back(n);
  std::sort(sizes.begin(), sizes.end());
  for (const auto sets : sizes) {
    const WindowCut cut = cut_windows(sets);
    const bool is_new = window_cuts_.empty() || window_cuts_.back().blocks != cut.blocks;
    if (is_new || cut.all_lines < window_cuts_.back().all_lines) window_cuts_.push_back(cut);
  }
  std::reverse(window_cuts_.begin(), window_cuts_.end());
}

// The last pass may have fewer filters than the others, so that more blocks can be smaller although the
// largest has as many passes.
void LayerShape::cut_all_filters() {
  std::vector<std::uint32_t> counts = block_counts(passes());
  for (std::uint32_t n = 1; passes() <= kEvery && n <= passes(); ++n) counts.push_back(n);
  std::sort(counts.begin(), counts.end());
  for (const auto n : counts) {
    const FilterCut cut = cut_filters(*this, n);
    if (filter_cuts_.empty() || cut.largest_filters < filter_cuts_.back().largest_filters ||
        cut.largest_groups < filter_cuts_.back().largest_groups)
      filter_cuts_.push_back(cut);
  }
}

WindowCut LayerShape::cut_windows(std::uint32_t sets) const {
  WindowCut cut{.sets = sets, .blocks = static_cast<std::uint32_t>(ceil_div(window_sets(), sets))};
  Extent before;
  for (std::uint32_t begin = 0; begin < window_sets(); begin += sets) {
    const Range block{begin, std::min(begin + sets, window_sets())};
    const Extent now = lines(block);
    cut.all_lines += now.count;
    cut.largest_lines = std::max(cut.largest_lines, now.count);
    const std::uint64_t first = begin == 0 ? now.first : std::min(before.first, now.first);
    cut.largest_pair_lines = std::max(cut.largest_pair_lines, now.first + now.count - first);
    cut.largest_windows = std::max(cut.largest_windows, windows(block));
    before = now;
  }
  return cut;
}

// A line of the padded input without the lines above it that lie between the windows of two output lines.
std::uint64_t LayerShape::without_unread(std::uint64_t line) const {
  const std::uint64_t read = lines_.reach + 1;
  if (lines_.stride <= read) return line;
  return line / lines_.stride * read + std::min(line % lines_.stride, read);
}

Extent LayerShape::lines(Range sets) const {
  HEDDLE_CHECK(sets.begin < sets.end && sets.end <= window_sets(), "a block without windows");
  const std::uint64_t end = lines_.padding + lines_.lines;
  const auto top = [&](std::uint64_t window) { return window / lines_.windows_per_line * lines_.stride; };
  const auto number = [&](std::uint64_t line) {
    return without_unread(std::clamp(line, lines_.padding, end)) - without_unread(lines_.padding);
  };
  const std::uint64_t first = number(top(windows_before_[sets.begin]));
  const std::uint64_t last = number(top(windows_before_[sets.end] - 1) + lines_.reach + 1);
  return {first, last - first};
}

Extent LayerShape::groups_of(Range passes) const {
  std::uint64_t first = groups_;
  std::uint64_t end = 0;
  for (std::uint32_t p = passes.begin; p < passes.end; ++p) {
    first = std::min(first, passes_[p].groups.first);
    end = std::max(end, passes_[p].groups.first + passes_[p].groups.count);
  }
  return {first, end - first};
}

std::uint64_t LayerShape::largest_pass_filters() const {
  const auto fewer = [](const PassShape& a, const PassShape& b) { return a.filters < b.filters; };
  return std::max_element(passes_.begin(), passes_.end(), fewer)->filters;
}

}  // namespace heddle::memory
