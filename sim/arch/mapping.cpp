// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/mapping.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::arch {
namespace {

using config::Parameter;
using workload::ChannelGroup;
using workload::LoweredLayer;

std::vector<FilterSet> sets_of(const ChannelGroup& group, std::uint32_t index, std::uint32_t rows) {
  std::vector<FilterSet> out;
  for (std::uint32_t f = 0; f < group.filters; f += rows) {
    out.push_back({index, group.first_filter + f, std::min(rows, group.filters - f)});
  }
  return out;
}

// Set i runs on tile i mod T in pass floor(i / T).
void append_passes(const std::vector<FilterSet>& sets, std::uint32_t tiles, std::vector<Pass>& out) {
  for (std::size_t i = 0; i < sets.size(); i += tiles) {
    const std::size_t end = std::min(sets.size(), i + tiles);
    out.emplace_back(sets.begin() + static_cast<std::ptrdiff_t>(i),
                     sets.begin() + static_cast<std::ptrdiff_t>(end));
  }
}

std::vector<Pass> passes_of(const LoweredLayer& layer, const ArrayShape& array) {
  std::vector<Pass> out;
  std::vector<FilterSet> all;
  for (std::uint32_t g = 0; g < layer.groups.size(); ++g) {
    const auto sets =
        sets_of(layer.groups[g], g, layer.square > 0 ? std::min(layer.square, array.rows) : array.rows);
    if (layer.is_parallel_groups) {
      all.insert(all.end(), sets.begin(), sets.end());
    } else {
      // Depthwise sets run one after another on one tile; groups run one after another on all.
      append_passes(sets, layer.is_depthwise ? 1 : array.tiles, out);
    }
  }
  append_passes(all, array.tiles, out);
  return out;
}

std::vector<WindowSet> window_sets_of(const LoweredLayer& layer, std::uint32_t columns, Pallet pallet) {
  std::vector<WindowSet> out;
  const std::uint64_t line =
      layer.window_order == workload::WindowOrder::row_major ? layer.out_width : layer.out_height;
  const std::uint64_t run = pallet == Pallet::row ? line : layer.windows();
  for (std::uint64_t start = 0; start < layer.windows(); start += run) {
    for (std::uint64_t w = 0; w < run; w += columns) {
      out.push_back({start + w, static_cast<std::uint32_t>(std::min<std::uint64_t>(columns, run - w))});
    }
  }
  return out;
}

}  // namespace

const config::Declaration& MappingOptions::declaration() {
  static const config::Declaration kDeclaration{
      Parameter::choice("pallet", {"wrap", "row"})
          .by_default("wrap")
          .means("a window set (pallet) runs on into the next output row, or ends with its row")
          .from("Stripes (MICRO'16); wrap is our choice, docs/rules.md#windows"),
      Parameter::choice("groups", {"sequential", "parallel", "ignored"})
          .by_default("sequential")
          .means("groups of a convolution run one after another, share the tiles, or are ignored (all input "
                 "channels "
                 "counted, as early papers' AlexNet numbers do; shapes only)")
          .from("our choice: the physical order; docs/rules.md#groups"),
      Parameter::choice("image_layer", {"plain", "folded", "published"})
          .by_default("folded")
          .means("a strided layer of 3 channels as it is, with s x s positions folded into channels, or "
                 "counted as one "
                 "brick per folded position (not physical; agrees with published AlexNet and NiN figures; "
                 "shapes only)")
          .from("our choice: folded for every design and the baseline alike; docs/rules.md#image-layer"),
      Parameter::choice("fold_order", {"yxc", "xyc"})
          .by_default("yxc")
          .means("channel index of a folded position: (dy*s+dx)*C+c, or (dx*s+dy)*C+c as DNNsim does")
          .from("our choice: no paper states it; xyc: DNNsim"),
      Parameter::choice("window_order", {"row_major", "column_major"})
          .by_default("row_major")
          .means("windows are enumerated along output rows, or down output columns as DNNsim does")
          .from("our choice: docs/rules.md#windows"),
      Parameter::choice("kernel_order", {"row_major", "column_major"})
          .by_default("row_major")
          .means("a window's steps go along the kernel's rows (ky, kx, channel brick), or down its columns "
                 "(kx, ky, channel brick)")
          .from("our choice: docs/rules.md#steps"),
      Parameter::choice("depthwise", {"bricks", "square"})
          .by_default("bricks")
          .means("filters of 16 channels at a time on the diagonal of 16 lanes, or of min(16, rows) channels "
                 "on as "
                 "many lanes and rows, as DNNsim does")
          .from("our choice: docs/rules.md#depthwise"),
      Parameter::choice("step_order", {"passes_first", "windows_first"})
          .by_default("passes_first")
          .means("all window sets of a pass before the next pass, or all passes of a group over a window set "
                 "before "
                 "the next window set, as DNNsim does; matters only where columns or queues run ahead. With "
                 "off-chip memory the order is always passes_first, because weights come pass by pass")
          .from("our choice: docs/rules.md#step-order")};
  return kDeclaration;
}

MappingOptions MappingOptions::from(const config::Values& values) {
  MappingOptions out;
  out.pallet = values.text("pallet") == "row" ? Pallet::row : Pallet::wrap;
  if (values.text("depthwise") == "square") out.depthwise = Depthwise::square;
  if (values.text("step_order") == "windows_first") out.step_order = StepOrder::windows_first;
  const std::string groups = values.text("groups");
  out.lowering.groups = groups == "parallel"  ? workload::Groups::parallel
                        : groups == "ignored" ? workload::Groups::ignored
                                              : workload::Groups::sequential;
  const std::string image = values.text("image_layer");
  out.lowering.image_layer = image == "plain"       ? workload::ImageLayer::plain
                             : image == "published" ? workload::ImageLayer::published
                                                    : workload::ImageLayer::folded;
  out.lowering.fold_order =
      values.text("fold_order") == "xyc" ? workload::FoldOrder::xyc : workload::FoldOrder::yxc;
  out.lowering.window_order = values.text("window_order") == "column_major"
                                  ? workload::WindowOrder::column_major
                                  : workload::WindowOrder::row_major;
  out.lowering.kernel_order = values.text("kernel_order") == "column_major"
                                  ? workload::KernelOrder::column_major
                                  : workload::KernelOrder::row_major;
  return out;
}

std::vector<std::string> MappingOptions::assumptions() const {
  std::vector<std::string> out;
  if (lowering.groups == workload::Groups::ignored)
    out.emplace_back(
        "groups of a convolution are ignored: all input channels are counted, as the early papers' AlexNet "
        "figures do");
  if (lowering.image_layer == workload::ImageLayer::published)
    out.emplace_back(
        "a strided image layer counts one brick per folded position, which is more products than there are "
        "lanes; it agrees with published AlexNet and NiN figures");
  return out;
}

std::uint64_t Mapping::windows() const {
  std::uint64_t sum = 0;
  for (const auto& set : window_sets) sum += set.count;
  return sum;
}

Mapping map_layer(const LoweredLayer& layer, const ArrayShape& array, Pallet pallet,
                  Composition composition) {
  Mapping out{.array = array, .composition = composition, .passes = {}, .window_sets = {}};
  const ArrayShape composed = out.composed();
  HEDDLE_CHECK(composed.tiles > 0 && composed.rows > 0 && composed.columns > 0, "an array without elements");
  out.passes = passes_of(layer, composed);
  out.window_sets = window_sets_of(layer, composed.columns, pallet);
  out.steps = layer.steps();
  return out;
}

}  // namespace heddle::arch
