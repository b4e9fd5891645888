// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/pieces.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace heddle::memory {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Whether every block has one window set, so that only the reduction of a pass can be cut into pieces.
bool cuts_bricks(const Blocking& b, const LayerShape& shape) {
  return shape.window_sets() == 1 || b.block_sets == 1;
}

// Where the array starts drained. Where windows are not cut, or outside filters, the passes follow one
// another as in the unblocked order.
std::uint32_t drained_blocks_per_window_block(const Blocking& b) {
  const auto at = [&](Loop loop) { return std::find(b.loops.begin(), b.loops.end(), loop); };
  return b.window_blocks > 1 && at(Loop::filters) < at(Loop::windows) ? b.filter_blocks : 1;
}

// Walks through the loops of a layer.
class Walk {
 public:
  Walk(const Blocking& blocking, const LayerShape& shape)
      : b_(blocking),
        shape_(shape),
        cuts_bricks_(cuts_bricks(blocking, shape)),
        stretches_(cuts_bricks_ ? std::max(blocking.cuts, blocking.final_cuts) : 1),
        weights_(std::size_t{shape.passes()} * blocking.slices * stretches_, WeightLoad{0, kNone}),
        loaded_(std::size_t{shape.groups()} * blocking.slices * stretches_),
        held_(blocking.held_weight_blocks, kNone) {}

  std::vector<Piece> run() {
    std::array<std::uint32_t, kLoops> at{};  // outermost first
    for (at[0] = 0; at[0] < b_.count(b_.loops[0]); ++at[0]) {
      for (at[1] = 0; at[1] < b_.count(b_.loops[1]); ++at[1]) {
        for (at[2] = 0; at[2] < b_.count(b_.loops[2]); ++at[2]) visit(at);
      }
    }
    link_sums();
    load_rest();
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::uint32_t index(const std::array<std::uint32_t, kLoops>& at, Loop loop) const {
    std::size_t i = 0;
    while (b_.loops[i] != loop) ++i;
    return at[i];
  }
  // Which iteration of the loops from `outer` to `depth` this is.
  [[nodiscard]] std::uint32_t iteration(const std::array<std::uint32_t, kLoops>& at, std::size_t outer,
                                        std::size_t depth) const {
    std::uint32_t out = 0;
    for (std::size_t i = outer; i < depth; ++i) out = out * b_.count(b_.loops[i]) + at[i];
    return out;
  }

  void visit(const std::array<std::uint32_t, kLoops>& at) {
    const std::uint32_t f = index(at, Loop::filters);
    const std::uint32_t w = index(at, Loop::windows);
    const std::uint32_t r = index(at, Loop::channels);
    const Range passes = part_of(shape_.passes(), f, b_.filter_blocks);
    const Range sets = window_block(b_, shape_, w);
    start_blocks(at, w, sets);
    Piece p;
    p.bricks = part_of(shape_.bricks(), r, b_.slices);
    const std::uint32_t drained = drained_blocks_per_window_block(b_);
    p.block = drained > 1 ? f * b_.window_blocks + w : w;
    for (p.pass = passes.begin; p.pass < passes.end; ++p.pass) {
      p.pass_in_block = drained > 1 ? p.pass - passes.begin : p.pass;
      cut(p, sets, r);
    }
  }

  void start_blocks(const std::array<std::uint32_t, kLoops>& at, std::uint32_t w, Range sets) {
    const std::uint32_t weights = iteration(at, 0, b_.weights_depth);
    if (std::exchange(weight_iteration_, weights) != weights) start_weight_block(at, w);
    const std::uint32_t input = iteration(at, 0, b_.input_depth);
    const std::uint32_t before = std::exchange(input_block_, input);
    const bool is_by_windows = b_.input_depth > 0 && b_.loops[b_.input_depth - 1U] == Loop::windows;
    // Lines that the block before has read as well stay.
    if (before != input && !(is_by_windows && w > 0 && before + 1 == input)) oldest_block_ = input;
    first_line_ = reads_all_lines() ? 0 : shape_.lines(sets).first;
  }
  // A block that is held through all window blocks is loaded for the first.
  void start_weight_block(const std::array<std::uint32_t, kLoops>& at, std::uint32_t w) {
    std::size_t windows = 0;
    while (b_.loops[windows] != Loop::windows) ++windows;
    const std::uint32_t number =
        windows < b_.weights_depth ? iteration(at, windows + 1, b_.weights_depth) : kNone;
    const bool is_held = number < b_.held_weight_blocks;
    if (is_held && w > 0) {
      weight_block_ = held_[number];
    } else {
      weight_block_ = weight_blocks_++;
      if (is_held) held_[number] = weight_block_;
    }
  }
  [[nodiscard]] bool reads_all_lines() const {
    for (std::size_t i = 0; i < b_.input_depth; ++i) {
      if (b_.loops[i] == Loop::windows) return false;
    }
    return true;
  }

  // A pass of a block in pieces.
  void cut(Piece p, Range sets, std::uint32_t r) {
    const Range bricks = p.bricks;
    const std::uint32_t cuts = bricks.end == shape_.bricks() ? b_.final_cuts : b_.cuts;
    const std::uint32_t n = std::min(cuts, cuts_bricks_ ? bricks.count() : sets.count());
    for (std::uint32_t i = 0; i < n; ++i) {
      const Range part = part_of(cuts_bricks_ ? bricks.count() : sets.count(), i, n);
      p.sets = cuts_bricks_ ? sets : Range{sets.begin + part.begin, sets.begin + part.end};
      if (cuts_bricks_) p.bricks = {bricks.begin + part.begin, bricks.begin + part.end};
      load(p, r * stretches_ + (cuts_bricks_ ? i : 0));
      out_.push_back(p);
    }
  }

  void load(Piece& p, std::uint32_t stretch) {
    const std::size_t stretches = std::size_t{b_.slices} * stretches_;
    WeightLoad& weights = weights_[p.pass * stretches + stretch];
    if (weights.block != weight_block_) weights = {weight_loads_++, weight_block_};
    p.weights = weights;
    p.input = {.block = input_block_, .first_line = first_line_};
    const Extent lines = shape_.lines(p.sets);
    const Extent groups = shape_.pass(p.pass).groups;
    for (std::uint64_t g = groups.first; g < groups.first + groups.count; ++g) {
      Loaded& at = loaded_[g * stretches + stretch];
      const std::uint64_t end = lines.first + lines.count;
      const bool is_held = at.block != kNone && at.block >= oldest_block_;
      const std::uint64_t from = is_held ? std::max(at.end, first_line_) : first_line_;
      if (g == groups.first) p.input.first_line = std::min(from, end);
      if (end > from) p.input.line_groups += end - from;
      if (end > at.kept) p.input.kept_line_groups += end - at.kept;
      at = {input_block_, std::max(from, end), std::max(at.kept, end)};
    }
  }

  void link_sums() {
    for (std::size_t i = 0; i + 1 < out_.size(); ++i) {
      Piece& a = out_[i];
      Piece& b = out_[i + 1];
      const bool is_same = a.pass == b.pass && a.sets.count() == 1 && a.sets.begin == b.sets.begin &&
                           a.sets.end == b.sets.end && a.bricks.end == b.bricks.begin;
      a.hands_sums_over = b.takes_sums_over = is_same;
    }
  }
  // What stays is loaded as a whole, also the lines that this layer does not read.
  void load_rest() {
    const std::size_t stretches = std::size_t{b_.slices} * stretches_;
    const std::uint64_t all = shape_.line_count() * shape_.groups();
    if (stretches > 1) {  // the parts of a line belong to its slices, so only whole lines are left
      for (auto& piece : out_) piece.input.kept_line_groups = 0;
      out_.front().input.kept_line_groups = all;
      return;
    }
    std::uint64_t loaded = 0;
    for (const auto& piece : out_) loaded += piece.input.kept_line_groups;
    out_.back().input.kept_line_groups += all - loaded;
  }

  struct Loaded {
    std::uint32_t block = kNone;
    std::uint64_t end = 0;   // lines of the block are loaded up to here
    std::uint64_t kept = 0;  // the same, of what stays
  };

  const Blocking& b_;
  const LayerShape& shape_;
  bool cuts_bricks_;
  std::uint32_t stretches_;          // that a slice of a pass's weights is loaded in
  std::vector<WeightLoad> weights_;  // the last load by pass, slice and stretch
  std::vector<Loaded> loaded_;       // by group, slice and stretch
  std::uint32_t weight_loads_ = 0;
  std::uint32_t weight_iteration_ = kNone;
  std::uint32_t weight_block_ = kNone;
  std::uint32_t weight_blocks_ = 0;
  std::vector<std::uint32_t> held_;  // blocks that are held
  std::uint32_t input_block_ = kNone;
  std::uint32_t oldest_block_ = 0;  // of the input, of which lines are still held
  std::uint64_t first_line_ = 0;    // of the block of the input
  std::vector<Piece> out_;
};

template <class NumberOf>
std::vector<std::uint32_t> last_users(const std::vector<Piece>& pieces, const NumberOf& number_of) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const std::uint32_t number = number_of(pieces[i]);
    HEDDLE_CHECK(number <= out.size(), "loads out of order");
    if (number == out.size()) out.push_back(i);
    out[number] = i;
  }
  return out;
}

}  // namespace

std::vector<Piece> pieces_of(const Blocking& blocking, const LayerShape& shape) {
  return Walk(blocking, shape).run();
}

std::vector<std::uint32_t> last_users_of_weights(const std::vector<Piece>& pieces) {
  return last_users(pieces, [](const Piece& piece) { return piece.weights.number; });
}

std::vector<std::uint32_t> last_users_of_input(const std::vector<Piece>& pieces) {
  return last_users(pieces, [](const Piece& piece) { return piece.input.block; });
}

Range window_block(const Blocking& blocking, const LayerShape& shape, std::uint32_t index) {
  if (blocking.window_blocks == 1) return shape.all_sets();
  const std::uint32_t begin = index * blocking.block_sets;
  return {begin, std::min(begin + blocking.block_sets, shape.window_sets())};
}

CycleRange cycles_of(const Piece& piece, const Blocking& blocking, const LayerShape& shape,
                     std::uint64_t cycles) {
  const auto brick = [&](std::uint64_t n) { return proportion(cycles, n, shape.bricks()); };
  const Range block =
      window_block(blocking, shape, blocking.window_blocks == 1 ? 0 : piece.sets.begin / blocking.block_sets);
  if (piece.sets.count() == block.count()) return {brick(piece.bricks.begin), brick(piece.bricks.end)};
  const std::uint64_t begin = brick(piece.bricks.begin);
  const std::uint64_t slice = brick(piece.bricks.end) - begin;
  return {begin + proportion(slice, piece.sets.begin - block.begin, block.count()),
          begin + proportion(slice, piece.sets.end - block.begin, block.count())};
}

std::vector<arch::Block> blocks_of(const Blocking& blocking, const LayerShape& shape) {
  const std::uint32_t filter_blocks = drained_blocks_per_window_block(blocking);
  std::vector<arch::Block> out;
  for (std::uint32_t f = 0; f < filter_blocks; ++f) {
    const Range passes = part_of(shape.passes(), f, filter_blocks);
    for (std::uint32_t w = 0; w < blocking.window_blocks; ++w) {
      const Range sets = window_block(blocking, shape, w);
      arch::Block block;
      for (std::uint32_t p = passes.begin; p < passes.end; ++p) block.passes.push_back(p);
      for (std::uint32_t s = sets.begin; s < sets.end; ++s) block.window_sets.push_back(s);
      out.push_back(std::move(block));
    }
  }
  return out;
}

}  // namespace heddle::memory
