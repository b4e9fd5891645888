// SPDX-License-Identifier: Apache-2.0
//
// Branch and bound over all schemes and numbers of blocks.
#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "sim/memory/estimate.h"
#include "sim/memory/scheme.h"

namespace heddle::memory {
namespace {

// A double-buffered memory holds the block that is worked on and the one that is loaded meanwhile.
std::uint64_t blocks_held(const OnChipMemory& memory) {
  return memory.is_double_buffered ? 2 : 1;
}

// Indices into the cuts of a shape.
struct Cuts {
  std::size_t filters = 0;
  std::size_t windows = 0;
  std::size_t channels = 0;
};

// What blockings of one layer move and how much of both memories they take.
class Costs {
 public:
  Costs(const LayerShape& shape, const LayerSizes& sizes, const Room& room)
      : shape_(shape),
        sizes_(sizes),
        held_(blocks_held(room.activation_memory)),
        weights_held_(blocks_held(room.weight_memory)),
        weight_capacity_(room.weight_memory.capacity),
        streamed_(least_streamed_room()) {
    for (const auto slices : shape.slice_counts()) {
      const std::uint64_t bricks = ceil_div(shape.bricks(), slices);
      line_group_.push_back(proportion_up(sizes.line_group_room, bricks, shape.bricks()));
      for (const auto& f : shape.filter_cuts()) {
        const Bytes block = proportion_up(sizes.weights_room, f.largest_filters, shape.filters());
        weights_.push_back(proportion_up(block, bricks, shape.bricks()));
      }
    }
  }

  [[nodiscard]] LayerBytes bytes(const Scheme& s, const Cuts& at) const {
    const WindowCut& w = shape_.window_cuts()[at.windows];
    const FilterCut& f = shape_.filter_cuts()[at.filters];
    const std::uint64_t loads = s.reloads_weights_in(Loop::windows) ? w.blocks : 1;
    const std::uint32_t held = held_blocks(s, at);
    const bool overlaps = s.reloads_input_in(Loop::windows) && !s.slides();
    const std::uint64_t lines = overlaps ? w.all_lines : shape_.used_lines();
    const std::uint64_t groups = s.reloads_input_in(Loop::filters) ? f.all_groups : shape_.groups();
    LayerBytes out = compulsory_bytes(shape_, sizes_);
    out.weights = sizes_.weights * loads - held_part(s, at, held, sizes_.weights) * (loads - 1);
    out.metadata = sizes_.metadata * loads - held_part(s, at, held, sizes_.metadata) * (loads - 1);
    out.input += sizes_.line_group * (lines * groups) - sizes_.line_group * shape_.used_line_groups();
    // Every slice but the last writes its sums, every slice but the first reads them.
    if (s.spills_sums) out.partial_sums = sizes_.partial_sums * (2 * (std::uint64_t{slices(at)} - 1));
    return out;
  }

  [[nodiscard]] Bytes weight_room(const Scheme& s, const Cuts& at) const {
    if (s.weights_depth == 0) return sizes_.weights_room;
    return std::min(sizes_.weights_room, weight_block(s, at) * (weights_held_ + held_blocks(s, at)));
  }

  [[nodiscard]] Bytes activation_room(const Scheme& s, const Cuts& at) const {
    return input_room(s, at) + sums_room(s, at) + streamed_room(s);
  }
  // Outputs and second operands pass through the memory, and so do sums that are spilled: at least one window
  // set of a pass at a time, or two.
  [[nodiscard]] Bytes streamed_room(const Scheme& s) const {
    if (!s.spills_sums) return streamed_;
    return std::max(streamed_,
                    (of_largest_pass(sizes_.partial_sums_room) + of_largest_pass(sizes_.extra_room)) * 2);
  }

  [[nodiscard]] Blocking blocking(const Scheme& s, const Cuts& at) const {
    const WindowCut& w = shape_.window_cuts()[at.windows];
    return {.loops = s.loops,
            .filter_blocks = shape_.filter_cuts()[at.filters].blocks,
            .window_blocks = w.blocks,
            .slices = slices(at),
            .block_sets = w.sets,
            .weights_depth = s.weights_depth,
            .input_depth = s.input_depth,
            .sums_are_spilled = s.spills_sums,
            .held_weight_blocks = held_blocks(s, at),
            .bytes = bytes(s, at),
            .activation_room = activation_room(s, at),
            .streamed_room = streamed_room(s),
            .weight_room = weight_room(s, at)};
  }

 private:
  [[nodiscard]] std::uint32_t slices(const Cuts& at) const { return shape_.slice_counts()[at.channels]; }
  [[nodiscard]] std::uint32_t filter_blocks(const Cuts& at) const {
    return shape_.filter_cuts()[at.filters].blocks;
  }

  [[nodiscard]] Bytes weight_block(const Scheme& s, const Cuts& at) const {
    const std::size_t f = s.reloads_weights_in(Loop::filters) ? at.filters : 0;
    const std::size_t c = s.reloads_weights_in(Loop::channels) ? at.channels : 0;
    return weights_[c * shape_.filter_cuts().size() + f];
  }

  // Where all blocks of weights are loaded again for each window block, those for which there is room beside
  // the two that change are held.
  [[nodiscard]] std::uint32_t held_blocks(const Scheme& s, const Cuts& at) const {
    if (!s.reloads_weights_in(Loop::windows) || weights_held_ == 1) return 0;
    std::uint64_t blocks = 1;
    if (s.repeats_weights_of(Loop::filters)) blocks *= filter_blocks(at);
    if (s.repeats_weights_of(Loop::channels)) blocks *= slices(at);
    const std::uint64_t block = std::max<std::uint64_t>(1, weight_block(s, at).count());
    const std::uint64_t room = weight_capacity_.count() / block;
    return static_cast<std::uint32_t>(std::min(std::max<std::uint64_t>(room, 2), blocks) - 2);
  }

  // The part of the weights (or their metadata) that lies in held blocks: of each pass the first bricks.
  [[nodiscard]] Bytes held_part(const Scheme& s, const Cuts& at, std::uint32_t held, Bytes all) const {
    Bytes sum(0);
    if (held == 0 || all == Bytes(0)) return sum;
    const std::uint32_t filters = s.repeats_weights_of(Loop::filters) ? filter_blocks(at) : 1;
    const std::uint32_t channels = s.repeats_weights_of(Loop::channels) ? slices(at) : 1;
    const bool channels_inside = !s.holds_sums_of(Loop::filters);
    for (std::uint32_t f = 0; f < filters; ++f) {
      // Blocks of these filters that are held: slices 0 to n - 1.
      const std::uint32_t n = channels_inside ? std::min(held - std::min(held, f * channels), channels)
                                              : held / filters + (f < held % filters ? 1 : 0);
      const std::uint64_t end = n == 0 ? 0 : part_of(shape_.bricks(), n - 1, channels).end;
      const Range passes = filters == 1 ? Range{0, shape_.passes()} : part_of(shape_.passes(), f, filters);
      for (std::uint32_t p = passes.begin; p < passes.end && end > 0; ++p) {
        const PassShape& pass = shape_.pass(p);
        const Bytes of_pass =
            share(all, Parts{pass.filters_before, pass.filters_before + pass.filters, shape_.filters()});
        sum += share(of_pass, Parts{0, end, shape_.bricks()});
      }
    }
    return sum;
  }

  [[nodiscard]] Bytes input_room(const Scheme& s, const Cuts& at) const {
    const WindowCut& w = shape_.window_cuts()[at.windows];
    const FilterCut& f = shape_.filter_cuts()[at.filters];
    const bool in_windows = s.reloads_input_in(Loop::windows);
    std::uint64_t lines = in_windows ? w.largest_lines : shape_.used_lines();
    if (s.input_depth > 0 && held_ > 1)
      lines = in_windows && s.input_depth == 1 ? w.largest_pair_lines : lines * held_;
    const std::uint64_t groups = s.reloads_input_in(Loop::filters) ? f.largest_groups : shape_.groups();
    return line_group_[s.reloads_input_in(Loop::channels) ? at.channels : 0] * (lines * groups);
  }
  [[nodiscard]] Bytes sums_room(const Scheme& s, const Cuts& at) const {
    if (!s.cuts(Loop::channels) || s.spills_sums) return Bytes(0);
    const std::size_t w = s.holds_sums_of(Loop::windows) ? 0 : at.windows;
    const std::size_t f = s.holds_sums_of(Loop::filters) ? 0 : at.filters;
    const std::uint64_t windows = shape_.window_cuts()[w].largest_windows;
    const std::uint64_t filters = shape_.filter_cuts()[f].largest_filters;
    return proportion_up(sizes_.partial_sums_room, windows * filters, shape_.windows() * shape_.filters());
  }
  // The part of the largest pass in a tensor as large as the output, for one window set.
  [[nodiscard]] Bytes of_largest_pass(Bytes all) const {
    return proportion_up(proportion_up(all, shape_.largest_set_windows(), shape_.windows()),
                         shape_.largest_pass_filters(), shape_.filters());
  }
  [[nodiscard]] Bytes least_streamed_room() const {
    return (of_largest_pass(sizes_.output_room) + of_largest_pass(sizes_.extra_room)) * held_;
  }

  const LayerShape& shape_;
  const LayerSizes& sizes_;
  std::uint64_t held_;
  std::uint64_t weights_held_;
  Bytes weight_capacity_;
  Bytes streamed_;
  std::vector<Bytes> line_group_;  // room of a slice of a line of a group, by channel cut
  std::vector<Bytes> weights_;     // room of a block, by channel cut and filter cut
};

// How many blockings that move the same bytes are compared by a simulation of their pieces.
constexpr std::size_t kCompared = 64;
constexpr std::uint64_t kSimulatedPieces = 1U << 15U;  // of one layer, so that planning stays fast
constexpr std::uint64_t kSlack = 8192;

class Search {
 public:
  Search(const LayerShape& shape, const LayerSizes& sizes, const Room& room)
      : shape_(shape), sizes_(sizes), room_(room), costs_(shape, sizes, room) {}

  std::optional<LayerBytes> fewest() {
    const Bytes least = compulsory_bytes(shape_, sizes_).total();
    for (const Scheme& s : schemes()) {
      walk(s);
      if (best_ && best_->total() == least) break;
    }
    return best_;
  }

  BlockingChoice choose(const Pace& pace) {
    pace_ = &pace;
    choice_.by_order.resize(kLoopOrders);
    is_compared_windows_ = compared(shape_.window_cuts(), [](const WindowCut& w) { return w.blocks; });
    is_compared_slices_ = compared(shape_.slice_counts(), [](std::uint32_t n) { return n; });
    for (const Scheme& s : schemes()) walk(s);
    pick(pace);
    return std::move(choice_);
  }

 private:
  [[nodiscard]] const std::vector<Scheme>& schemes() const {
    static const std::vector<Scheme> kPlain = all_schemes(false);
    static const std::vector<Scheme> kGrouped = all_schemes(true);
    return shape_.groups() > 1 ? kGrouped : kPlain;
  }

  void walk(const Scheme& s) {
    family_ = static_cast<std::size_t>(family_of(s));
    const std::size_t filters = s.cuts(Loop::filters) ? shape_.filter_cuts().size() : 1;
    const std::size_t windows = s.cuts(Loop::windows) ? shape_.window_cuts().size() : 1;
    for (std::size_t f = s.cuts(Loop::filters) ? 1 : 0; f < filters; ++f) {
      for (std::size_t w = s.cuts(Loop::windows) ? 1 : 0; w < windows; ++w) walk_channels(s, f, w);
    }
  }

  static LoopOrder family_of(const Scheme& s) {
    const auto blocks = [&](Loop loop) { return s.cuts(loop) ? 2U : 1U; };
    const Blocking b{.loops = s.loops,
                     .filter_blocks = blocks(Loop::filters),
                     .window_blocks = blocks(Loop::windows),
                     .slices = blocks(Loop::channels),
                     .input_depth = s.input_depth,
                     .sums_are_spilled = s.spills_sums};
    return b.order();
  }

  // More slices take no more room, and never move fewer bytes, unless more of the weights can be held.
  void walk_channels(const Scheme& s, std::size_t f, std::size_t w) {
    const std::size_t end = s.cuts(Loop::channels) ? shape_.slice_counts().size() : 1;
    const bool holds_more = s.reloads_weights_in(Loop::windows);
    const bool is_last_enough = pace_ == nullptr && !s.spills_sums && !holds_more;
    for (std::size_t c = is_last_enough ? end - 1 : s.cuts(Loop::channels) ? 1 : 0; c < end; ++c) {
      const LayerBytes bytes = costs_.bytes(s, {f, w, c});
      if (is_pruned(bytes.total())) {
        if (holds_more) continue;
        return;
      }
      if (costs_.activation_room(s, {f, w, c}) > room_.activations) continue;
      if (costs_.weight_room(s, {f, w, c}) > room_.weight_memory.capacity) continue;
      keep(s, {f, w, c}, bytes);
    }
  }

  [[nodiscard]] bool is_pruned(Bytes bytes) const {
    if (pace_ == nullptr) return best_ && bytes >= best_->total();
    const auto& of_family = choice_.by_order[family_];
    return of_family && bytes > of_family->bytes.total();
  }

  void keep(const Scheme& s, const Cuts& at, const LayerBytes& bytes) {
    const bool is_new = !best_ || bytes.total() < best_->total();
    if (is_new) best_ = bytes;
    if (pace_ == nullptr) return;
    auto& of_family = choice_.by_order[family_];
    if (!of_family || bytes.total() < of_family->bytes.total()) of_family = costs_.blocking(s, at);
    if (bytes.total() > best_->total()) return;
    if (is_new) equals_.clear();
    if (is_new || (is_compared_windows_[at.windows] && is_compared_slices_[at.channels]))
      equals_.push_back(costs_.blocking(s, at));
  }

  // Of numbers of blocks that move the same bytes not all are compared: the first from each power of two on,
  // and from each half way between two. They do not depend on a capacity.
  template <class Cut, class Blocks>
  static std::vector<bool> compared(const std::vector<Cut>& cuts, const Blocks& blocks) {
    std::vector<bool> out;
    std::uint64_t next = 1;
    for (const auto& cut : cuts) {
      out.push_back(blocks(cut) >= next);
      while (next <= blocks(cut))
        next = next < 4 ? next + 1 : std::has_single_bit(next) ? next / 2 * 3 : next / 3 * 4;
    }
    return out;
  }

  void pick(const Pace& pace) {
    for (Blocking& b : equals_) {
      take_free_room(b, shape_, sizes_, room_);
      b.estimated_cycles = rough_cycles(b, shape_, pace);
    }
    const std::uint64_t limit = as_fast_as_fastest();
    std::stable_sort(equals_.begin(), equals_.end(), [&](const Blocking& a, const Blocking& b) {
      const auto key = [&](const Blocking& x) {
        return std::pair(std::max(x.estimated_cycles, limit), pieces(x));
      };
      return key(a) < key(b);
    });
    std::uint64_t simulated = 0;
    std::size_t compared = 0;
    for (; compared < std::min(kCompared, equals_.size()) && simulated < kSimulatedPieces; ++compared)
      simulated += pieces(equals_[compared]);
    equals_.resize(compared);
    for (Blocking& b : equals_) b.estimated_cycles = estimated_cycles(b, shape_, sizes_, room_, pace);
    pick_fewest_pieces();
  }

  [[nodiscard]] std::uint64_t as_fast_as_fastest() const {
    std::uint64_t fastest = std::numeric_limits<std::uint64_t>::max() / 2;
    for (const Blocking& b : equals_) fastest = std::min(fastest, b.estimated_cycles);
    return fastest + fastest / kSlack;
  }
  [[nodiscard]] std::uint64_t pieces(const Blocking& b) const {
    return std::uint64_t{shape_.passes()} * b.window_blocks *
           ((b.slices - 1) * std::uint64_t{b.cuts} + b.final_cuts);
  }

  // Of blockings that are as fast, but for one part in kSlack, the one with the fewest pieces.
  void pick_fewest_pieces() {
    const std::uint64_t limit = as_fast_as_fastest();
    for (const Blocking& b : equals_) {
      if (b.estimated_cycles > limit) continue;
      if (!choice_.best || pieces(b) < pieces(*choice_.best)) choice_.best = b;
    }
  }

  const LayerShape& shape_;
  const LayerSizes& sizes_;
  const Room& room_;
  Costs costs_;
  const Pace* pace_ = nullptr;  // none: only bytes count
  std::optional<LayerBytes> best_;
  std::vector<Blocking> equals_;  // that move as few bytes as the best
  std::size_t family_ = 0;
  std::vector<bool> is_compared_windows_;  // by cut
  std::vector<bool> is_compared_slices_;
  BlockingChoice choice_;
};

}  // namespace

std::optional<LayerBytes> fewest_bytes(const LayerShape& shape, const LayerSizes& sizes, const Room& room) {
  return Search(shape, sizes, room).fewest();
}

LeastRoom least_room(const LayerShape& shape, const LayerSizes& sizes, const Room& room) {
  const Costs costs(shape, sizes, room);
  LeastRoom least;
  for (const Scheme& s : all_schemes(shape.groups() > 1)) {
    const auto finest = [&](Loop loop, std::size_t cuts) { return s.cuts(loop) ? cuts - 1 : 0; };
    const Cuts at{finest(Loop::filters, shape.filter_cuts().size()),
                  finest(Loop::windows, shape.window_cuts().size()),
                  finest(Loop::channels, shape.slice_counts().size())};
    least.activations = std::min(least.activations, costs.activation_room(s, at));
    least.weights = std::min(least.weights, costs.weight_room(s, at));
  }
  return least;
}

BlockingChoice choose_blocking(const LayerShape& shape, const LayerSizes& sizes, const Room& room,
                               const Pace& pace) {
  return Search(shape, sizes, room).choose(pace);
}

}  // namespace heddle::memory
