// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/blocking.h"

#include <algorithm>
#include <array>

namespace heddle::memory {
namespace {

// A double-buffered memory holds the block that is worked on and the one that is loaded meanwhile.
std::uint64_t blocks_held(const OnChipMemory& memory) {
  return memory.is_double_buffered ? 2 : 1;
}

// Tries blockings and keeps the best of those that fit. One function per loop order; each states how much of
// both memories the order takes and what it moves.
class Search {
 public:
  Search(const LayerShape& shape, const LayerSizes& sizes, Bytes activation_room,
         const OnChipMemory& activations, const OnChipMemory& weights)
      : shape_(shape),
        sizes_(sizes),
        activation_room_(activation_room),
        activation_blocks_(blocks_held(activations)),
        weight_capacity_(weights.capacity),
        weight_blocks_(blocks_held(weights)) {}

  void keep_best_of_each_order() { choice_.by_order.resize(kLoopOrders); }

  void whole() {
    Blocking b{.order = LoopOrder::whole, .filter_blocks = shape_.passes()};
    const std::uint32_t pieces = shape_.window_sets() > 1 ? shape_.pieces_per_pass() : 1;
    const auto sets = static_cast<std::uint32_t>(ceil_div(shape_.window_sets(), pieces));
    b.activation_room = whole_input_room() + streamed_room(shape_.windows({0, sets}));
    b.weight_room = weight_room(shape_.passes());
    b.bytes = bytes(1, shape_.used_line_groups());
    offer(b);
  }

  void filters_windows(const FilterCut& f, const WindowCut& w) {
    const bool keeps_image = w.blocks == 1;
    // The order `whole` is the same, unless the groups of an image can come one after another.
    if (keeps_image && shape_.groups() == 1) return;
    Blocking b{.order = LoopOrder::filters_windows, .filter_blocks = f.blocks, .window_blocks = w.blocks};
    b.activation_room =
        input_room(w.largest_lines, f.largest_groups) * activation_blocks_ + streamed_room(w.largest_windows);
    b.weight_room = weight_room(f.blocks, f.largest_passes);
    // An image that is not cut is loaded once: each group stays until the last pass that reads it.
    b.bytes = bytes(1, keeps_image ? shape_.used_line_groups() : w.all_lines * f.all_groups);
    offer(b);
  }

  void windows_filters(const WindowCut& w) {
    if (w.blocks == 1) return;
    Blocking b{.order = LoopOrder::windows_filters,
               .filter_blocks = shape_.passes(),
               .window_blocks = w.blocks,
               .all_weights_fit = sizes_.weights_room <= weight_capacity_};
    b.activation_room =
        input_room(w.largest_lines, shape_.groups()) * activation_blocks_ + streamed_room(w.largest_windows);
    b.weight_room = b.all_weights_fit ? sizes_.weights_room : weight_room(shape_.passes());
    b.bytes = bytes(b.all_weights_fit ? 1 : w.blocks, w.all_lines * shape_.groups());
    offer(b);
  }

  void sums_kept(std::uint32_t slices) {
    const WindowCut& w = shape_.window_cuts().front();
    Blocking b = sliced(LoopOrder::sums_kept, slices, w);
    b.activation_room = whole_input_room() + sums_room(w) + streamed_room(w.largest_windows);
    b.bytes = bytes(1, shape_.used_line_groups());
    offer(b);
  }

  void sums_kept_input_streamed(std::uint32_t slices, const WindowCut& w) {
    Blocking b = sliced(LoopOrder::sums_kept_input_streamed, slices, w);
    b.activation_room =
        slice_room(slices, w) * activation_blocks_ + sums_room(w) + streamed_room(w.largest_windows);
    b.bytes = bytes(w.blocks, w.all_lines * one_pass().all_groups);
    offer(b);
  }

  void sums_spilled(std::uint32_t slices, const WindowCut& w) {
    Blocking b = sliced(LoopOrder::sums_spilled, slices, w);
    b.activation_room =
        (slice_room(slices, w) + sums_room(w)) * activation_blocks_ + streamed_room(w.largest_windows);
    b.bytes = bytes(1, w.all_lines * one_pass().all_groups);
    // Every slice but the last writes its sums, every slice but the first reads them.
    b.bytes.partial_sums = sizes_.partial_sums * (2 * (std::uint64_t{slices} - 1));
    offer(b);
  }

  // Whether the best blocking so far loads everything only once.
  [[nodiscard]] bool is_settled() const {
    return choice_.best && choice_.best->bytes.total() == bytes(1, shape_.used_line_groups()).total();
  }
  [[nodiscard]] BlockingChoice choice() const { return choice_; }

 private:
  [[nodiscard]] const FilterCut& one_pass() const { return shape_.filter_cuts().back(); }

  [[nodiscard]] Blocking sliced(LoopOrder order, std::uint32_t slices, const WindowCut& w) const {
    Blocking b{.order = order, .filter_blocks = shape_.passes(), .window_blocks = w.blocks, .slices = slices};
    b.weight_room = largest_slice(sizes_.pass_weights_room, slices) * weight_blocks_;
    return b;
  }

  [[nodiscard]] Bytes input_room(std::uint64_t lines, std::uint64_t groups) const {
    return sizes_.line_group_room * (lines * groups);
  }
  [[nodiscard]] Bytes whole_input_room() const { return input_room(shape_.used_lines(), shape_.groups()); }
  [[nodiscard]] Bytes largest_slice(Bytes all, std::uint32_t slices) const {
    return proportion_up(all, ceil_div(shape_.bricks(), slices), shape_.bricks());
  }
  [[nodiscard]] Bytes slice_room(std::uint32_t slices, const WindowCut& w) const {
    return largest_slice(input_room(w.largest_lines, one_pass().largest_groups), slices);
  }
  // The part of the largest pass in a tensor as large as the output, for the given number of windows.
  [[nodiscard]] Bytes of_largest_pass(Bytes all, std::uint64_t windows) const {
    return proportion_up(proportion_up(all, windows, shape_.windows()), shape_.largest_pass_filters(),
                         shape_.filters());
  }
  [[nodiscard]] Bytes sums_room(const WindowCut& w) const {
    return of_largest_pass(sizes_.partial_sums_room, w.largest_windows);
  }
  // Outputs and second operands pass through the memory: one pass and `windows` windows at a time.
  [[nodiscard]] Bytes streamed_room(std::uint64_t windows) const {
    return (of_largest_pass(sizes_.output_room, windows) + of_largest_pass(sizes_.extra_room, windows)) *
           activation_blocks_;
  }
  [[nodiscard]] Bytes weight_room(std::uint32_t blocks, std::uint64_t passes_per_block = 1) const {
    if (blocks == 1) return sizes_.weights_room;
    return std::min(sizes_.weights_room, sizes_.pass_weights_room * (passes_per_block * weight_blocks_));
  }
  [[nodiscard]] LayerBytes bytes(std::uint64_t weight_loads, std::uint64_t line_groups) const {
    return {.weights = sizes_.weights * weight_loads,
            .metadata = sizes_.metadata * weight_loads,
            .input = sizes_.line_group * line_groups,
            .extra = sizes_.extra,
            .partial_sums = Bytes(0),
            .output = sizes_.output};
  }

  static bool is_better(const Blocking& a, const std::optional<Blocking>& b) {
    return !b || a.bytes.total() < b->bytes.total();
  }
  void offer(const Blocking& b) {
    choice_.least_activation_room = std::min(choice_.least_activation_room, b.activation_room);
    choice_.least_weight_room = std::min(choice_.least_weight_room, b.weight_room);
    if (b.activation_room > activation_room_ || b.weight_room > weight_capacity_) return;
    if (is_better(b, choice_.best)) choice_.best = b;
    if (choice_.by_order.empty()) return;
    auto& best_of_order = choice_.by_order[static_cast<std::size_t>(b.order)];
    if (is_better(b, best_of_order)) best_of_order = b;
  }

  const LayerShape& shape_;
  const LayerSizes& sizes_;
  Bytes activation_room_;
  std::uint64_t activation_blocks_;
  Bytes weight_capacity_;
  std::uint64_t weight_blocks_;
  BlockingChoice choice_;
};

void try_reduction_orders(const LayerShape& shape, Search& search) {
  const std::vector<std::uint32_t>& all = shape.slice_counts();
  std::vector<std::uint32_t> slice_counts;
  std::copy_if(all.begin(), all.end(), std::back_inserter(slice_counts),
               [](std::uint32_t n) { return n > 1; });
  for (const auto slices : slice_counts) search.sums_kept(slices);
  for (const auto slices : slice_counts) {
    for (const auto& w : shape.window_cuts()) search.sums_kept_input_streamed(slices, w);
  }
  for (const auto slices : slice_counts) {
    for (const auto& w : shape.window_cuts()) search.sums_spilled(slices, w);
  }
}

}  // namespace

LayerBytes operator*(const LayerBytes& bytes, std::uint64_t times) {
  return {.weights = bytes.weights * times,
          .metadata = bytes.metadata * times,
          .input = bytes.input * times,
          .extra = bytes.extra * times,
          .partial_sums = bytes.partial_sums * times,
          .output = bytes.output * times};
}

std::string_view name_of(LoopOrder order) {
  constexpr std::array<std::string_view, kLoopOrders> kNames{
      "whole", "filters_windows", "windows_filters", "sums_kept", "sums_kept_input_streamed", "sums_spilled"};
  return kNames[static_cast<std::size_t>(order)];
}

BlockingChoice choose_blocking(const LayerShape& shape, const LayerSizes& sizes, Bytes activation_room,
                               const OnChipMemory& activation_memory, const OnChipMemory& weight_memory,
                               bool all_orders) {
  Search search(shape, sizes, activation_room, activation_memory, weight_memory);
  if (all_orders) search.keep_best_of_each_order();
  search.whole();
  if (search.is_settled() && !all_orders) return search.choice();
  for (const auto& w : shape.window_cuts()) {
    for (const auto& f : shape.filter_cuts()) search.filters_windows(f, w);
    search.windows_filters(w);
  }
  if (search.is_settled() && !all_orders) return search.choice();
  try_reduction_orders(shape, search);
  return search.choice();
}

}  // namespace heddle::memory
