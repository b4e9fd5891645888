// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/blocking.h"

#include <array>

#include "sim/base/error.h"

namespace heddle::memory {
namespace {

// total x part / whole, rounded up; the products here stay below 2^64 for tensors below 2^40 bytes only
// when divided first.
Bytes portion(Bytes total, std::uint64_t part, std::uint64_t whole) {
  const std::uint64_t t = total.count();
  return Bytes(t / whole * part + ceil_div(t % whole * part, whole));
}

class Search {
 public:
  Search(const LayerShape& shape, const LayerSizes& sizes, Bytes room, bool doubled,
         const OnChipMemory& weights)
      : shape_(shape),
        sizes_(sizes),
        room_(room),
        times_(doubled ? 2 : 1),
        weights_(weights),
        weight_times_(weights.is_double_buffered ? 2 : 1) {}

  void whole() {
    Blocking b = start(LoopOrder::whole, shape_.passes(), 1, 1);
    const std::uint64_t sets =
        ceil_div(shape_.window_sets(), shape_.window_sets() > 1 ? shape_.pieces_a_pass() : 1);
    const std::uint64_t windows = shape_.windows(0, static_cast<std::uint32_t>(sets));
    b.activation_room = input_room(shape_.used_lines(), shape_.groups()) + streamed_room(windows);
    b.weight_room = weight_room(shape_.passes());
    b.bytes = bytes(1, shape_.used_lines() * shape_.groups());
    offer(b);
  }

  void filters_windows(const LayerShape::FilterCut& f, const LayerShape::WindowCut& w) {
    // Whole already keeps an image that is not cut, unless groups let it come in parts.
    if (w.blocks == 1 && shape_.groups() == 1) return;
    Blocking b = start(LoopOrder::filters_windows, f.blocks, w.blocks, 1);
    b.activation_room =
        input_room(w.largest_lines, f.largest_groups) * times_ + streamed_room(w.largest_windows);
    b.weight_room = weight_room(f.blocks, f.largest_passes);
    // Without a cut in windows, a group stays until the passes have moved on to the next.
    const std::uint64_t lines = w.blocks == 1 ? shape_.used_lines() : w.all_lines;
    b.bytes = bytes(1, lines * (w.blocks == 1 ? shape_.groups() : f.all_groups));
    offer(b);
  }

  void windows_filters(const LayerShape::WindowCut& w) {
    if (w.blocks == 1) return;
    Blocking b = start(LoopOrder::windows_filters, shape_.passes(), w.blocks, 1);
    b.all_weights_fit = sizes_.weights_room <= weights_.capacity;
    b.activation_room =
        input_room(w.largest_lines, shape_.groups()) * times_ + streamed_room(w.largest_windows);
    b.weight_room = b.all_weights_fit ? sizes_.weights_room : weight_room(shape_.passes());
    b.bytes = bytes(b.all_weights_fit ? 1 : w.blocks, w.all_lines * shape_.groups());
    offer(b);
  }

  void sliced(LoopOrder order, std::uint32_t slices, const LayerShape::WindowCut& w) {
    const auto& f = shape_.filter_cuts().back();  // one pass at a time
    Blocking b = start(order, shape_.passes(), w.blocks, slices);
    b.weight_room =
        portion(sizes_.pass_weights_room, ceil_div(shape_.bricks(), slices), shape_.bricks()) * weight_times_;
    const Bytes sums =
        portion(portion(sizes_.partial_sums_room, w.largest_windows, shape_.windows(0, shape_.window_sets())),
                shape_.largest_pass_filters(), shape_.filters());
    const Bytes slice = portion(input_room(w.largest_lines, f.largest_groups),
                                ceil_div(shape_.bricks(), slices), shape_.bricks());
    const std::uint64_t all_lines = w.blocks == 1 ? shape_.used_lines() : w.all_lines;
    if (order == LoopOrder::sums_kept) {
      if (w.blocks > 1) return;
      b.activation_room =
          input_room(shape_.used_lines(), shape_.groups()) + sums + streamed_room(w.largest_windows);
      b.bytes = bytes(1, shape_.used_lines() * shape_.groups());
    } else if (order == LoopOrder::sums_kept_input_streamed) {
      b.activation_room = slice * times_ + sums + streamed_room(w.largest_windows);
      b.bytes = bytes(w.blocks, all_lines * f.all_groups);
    } else {
      b.activation_room = slice * times_ + sums * times_ + streamed_room(w.largest_windows);
      b.bytes = bytes(1, all_lines * f.all_groups);
      b.bytes.partial_sums = sizes_.partial_sums * (2 * (std::uint64_t{slices} - 1));
    }
    offer(b);
  }

  [[nodiscard]] bool settled() const {
    return choice_.best &&
           choice_.best->bytes.total() == bytes(1, shape_.used_lines() * shape_.groups()).total();
  }
  [[nodiscard]] BlockingChoice choice() const { return choice_; }
  void start_all() { choice_.by_order.resize(kLoopOrders); }

 private:
  static Blocking start(LoopOrder order, std::uint32_t filter_blocks, std::uint32_t window_blocks,
                        std::uint32_t slices) {
    Blocking b;
    b.order = order;
    b.filter_blocks = filter_blocks;
    b.window_blocks = window_blocks;
    b.slices = slices;
    return b;
  }
  [[nodiscard]] Bytes input_room(std::uint64_t lines, std::uint64_t groups) const {
    return sizes_.line_group_room * (lines * groups);
  }
  // Outputs and second operands pass through in pieces of one pass and so many windows.
  [[nodiscard]] Bytes streamed_room(std::uint64_t windows) const {
    const std::uint64_t all = shape_.windows(0, shape_.window_sets());
    const std::uint64_t filters = shape_.largest_pass_filters();
    return (portion(portion(sizes_.output_room, windows, all), filters, shape_.filters()) +
            portion(portion(sizes_.extra_room, windows, all), filters, shape_.filters())) *
           times_;
  }
  [[nodiscard]] Bytes weight_room(std::uint32_t blocks, std::uint64_t passes_a_block = 1) const {
    if (blocks == 1) return sizes_.weights_room;
    return std::min(sizes_.weights_room, sizes_.pass_weights_room * (passes_a_block * weight_times_));
  }
  [[nodiscard]] LayerBytes bytes(std::uint64_t weight_loads, std::uint64_t line_groups) const {
    return {.weights = sizes_.weights * weight_loads,
            .metadata = sizes_.metadata * weight_loads,
            .input = sizes_.line_group * line_groups,
            .extra = sizes_.extra,
            .partial_sums = Bytes(0),
            .output = sizes_.output};
  }

  static bool better(const Blocking& a, const std::optional<Blocking>& b) {
    return !b || a.bytes.total() < b->bytes.total();
  }
  void offer(const Blocking& b) {
    choice_.least_activation_room = std::min(choice_.least_activation_room, b.activation_room);
    choice_.least_weight_room = std::min(choice_.least_weight_room, b.weight_room);
    if (b.activation_room > room_ || b.weight_room > weights_.capacity) return;
    if (better(b, choice_.best)) choice_.best = b;
    if (choice_.by_order.empty()) return;
    auto& mine = choice_.by_order[static_cast<std::size_t>(b.order)];
    if (better(b, mine)) mine = b;
  }

  const LayerShape& shape_;
  const LayerSizes& sizes_;
  Bytes room_;
  std::uint64_t times_;
  const OnChipMemory& weights_;
  std::uint64_t weight_times_;
  BlockingChoice choice_;
};

}  // namespace

std::string_view name_of(LoopOrder order) {
  constexpr std::array<std::string_view, kLoopOrders> kNames{
      "whole", "filters_windows", "windows_filters", "sums_kept", "sums_kept_input_streamed", "sums_spilled"};
  return kNames[static_cast<std::size_t>(order)];
}

BlockingChoice choose_blocking(const LayerShape& shape, const LayerSizes& sizes, Bytes activation_room,
                               const OnChipMemory& activation_memory, const OnChipMemory& weight_memory,
                               bool all_orders) {
  Search search(shape, sizes, activation_room, activation_memory.is_double_buffered, weight_memory);
  if (all_orders) search.start_all();
  search.whole();
  if (search.settled() && !all_orders) return search.choice();
  for (const auto& w : shape.window_cuts()) {
    for (const auto& f : shape.filter_cuts()) search.filters_windows(f, w);
    search.windows_filters(w);
  }
  if (search.settled() && !all_orders) return search.choice();
  for (const auto order :
       {LoopOrder::sums_kept, LoopOrder::sums_kept_input_streamed, LoopOrder::sums_spilled}) {
    for (const auto slices : shape.slice_counts()) {
      if (slices == 1) continue;
      for (const auto& w : shape.window_cuts()) search.sliced(order, slices, w);
    }
  }
  return search.choice();
}

}  // namespace heddle::memory
