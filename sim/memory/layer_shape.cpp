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

// Every number of blocks up to 32, then each about a fifth larger, and the largest possible one.
std::vector<std::uint32_t> block_counts(std::uint32_t most) {
  std::vector<std::uint32_t> out;
  for (std::uint64_t n = 1; n < most; n = n < 32 ? n + 1 : n * 6 / 5)
    out.push_back(static_cast<std::uint32_t>(n));
  out.push_back(most);
  return out;
}

WindowCut cut_windows(const LayerShape& shape, std::uint32_t blocks) {
  WindowCut cut{.blocks = blocks};
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const Range sets = part_of(shape.window_sets(), i, blocks);
    const std::uint64_t lines = shape.lines(sets).count;
    cut.largest_lines = std::max(cut.largest_lines, lines);
    cut.all_lines += lines;
    cut.largest_windows = std::max(cut.largest_windows, shape.windows(sets));
  }
  return cut;
}

FilterCut cut_filters(const LayerShape& shape, std::uint32_t blocks) {
  FilterCut cut{.blocks = blocks};
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const Range passes = part_of(shape.passes(), i, blocks);
    const std::uint64_t groups = shape.groups_of(passes).count;
    cut.largest_passes = std::max(cut.largest_passes, passes.count());
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
  for (const auto n : block_counts(window_sets())) window_cuts_.push_back(cut_windows(*this, n));
  for (const auto n : block_counts(passes())) filter_cuts_.push_back(cut_filters(*this, n));
}

Extent LayerShape::lines(Range sets) const {
  HEDDLE_CHECK(sets.begin < sets.end && sets.end <= window_sets(), "a block without windows");
  const auto output_line = [&](std::uint64_t window) { return window / lines_.windows_per_line; };
  const auto without_padding = [&](std::uint64_t line) {
    return line > lines_.padding ? std::min(line - lines_.padding, lines_.lines) : 0;
  };
  const auto below = [&](std::uint64_t window) {
    return without_padding(output_line(window) * lines_.stride + lines_.reach + 1);
  };
  std::uint64_t first = without_padding(output_line(windows_before_[sets.begin]) * lines_.stride);
  const std::uint64_t end = below(windows_before_[sets.end] - 1);
  // The block that follows a gap, which a stride larger than the kernel leaves, loads the gap as well.
  if (sets.begin > 0) first = std::min(first, below(windows_before_[sets.begin] - 1));
  return {first, end > first ? end - first : 0};
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

std::uint32_t LayerShape::pieces_per_pass() const {
  const auto wanted = static_cast<std::uint32_t>(ceil_div(kPieces, passes()));
  return std::min(wanted, window_sets() > 1 ? window_sets() : bricks_);
}

}  // namespace heddle::memory
