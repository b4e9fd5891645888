// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/pieces.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"

namespace heddle::memory {
namespace {

// Walks through a layer; one function per loop order.
class Walk {
 public:
  Walk(const Blocking& blocking, const LayerShape& shape) : b_(blocking), shape_(shape) {}

  std::vector<Piece> run() {
    switch (b_.order) {
      case LoopOrder::whole:
        whole();
        break;
      case LoopOrder::filters_windows:
        filters_windows();
        break;
      case LoopOrder::windows_filters:
        windows_filters();
        break;
      case LoopOrder::sums_kept:
      case LoopOrder::sums_kept_input_streamed:
        sums_kept();
        break;
      case LoopOrder::sums_spilled:
        sums_spilled();
        break;
    }
    return std::move(out_);
  }

 private:
  // A pass of a window block, all bricks.
  [[nodiscard]] Piece piece(std::uint32_t pass, std::uint32_t window_block) const {
    const Range sets = part_of(shape_.window_sets(), window_block, b_.window_blocks);
    Piece p{.pass = pass, .sets = sets, .bricks = {0, shape_.bricks()}};
    p.input.lines = shape_.lines(sets);
    p.input.groups = shape_.groups();
    return p;
  }

  void whole() {
    const std::uint32_t n = shape_.pieces_per_pass();
    for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
      for (std::uint32_t i = 0; i < n; ++i) {
        Piece p = piece(pass, 0);
        p.pass_in_block = pass;
        p.input.number = i;
        if (shape_.window_sets() > 1) {
          p.sets = part_of(shape_.window_sets(), i, n);
          p.input.lines = new_lines(p.sets);
          p.weights.number = pass;
        } else {
          p.bricks = part_of(shape_.bricks(), i, n);
          p.weights.number = pass * n + i;
        }
        p.weights.block = p.weights.number;
        out_.push_back(p);
      }
    }
  }

  // Lines that no earlier window set has loaded.
  [[nodiscard]] Extent new_lines(Range sets) const {
    const Extent so_far = shape_.lines({0, sets.end});
    const std::uint64_t before = sets.begin > 0 ? shape_.lines({0, sets.begin}).count : 0;
    return {so_far.first + before, so_far.count - before};
  }

  void filters_windows() {
    const bool keeps_image = b_.window_blocks == 1;
    std::uint64_t groups_loaded = 0;
    for (std::uint32_t f = 0; f < b_.filter_blocks; ++f) {
      const Range passes = part_of(shape_.passes(), f, b_.filter_blocks);
      const Extent groups = shape_.groups_of(passes);
      const std::uint64_t end = groups.first + groups.count;
      for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
        for (std::uint32_t pass = passes.begin; pass < passes.end; ++pass) {
          Piece p = piece(pass, w);
          p.block = keeps_image ? 0 : f * b_.window_blocks + w;
          p.pass_in_block = keeps_image ? pass : pass - passes.begin;
          p.weights = {pass, f};
          p.input.number = f * b_.window_blocks + w;
          p.input.groups = keeps_image ? end - std::max(groups.first, groups_loaded) : groups.count;
          out_.push_back(p);
        }
      }
      groups_loaded = end;
    }
  }

  void windows_filters() {
    for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
      for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
        Piece p = piece(pass, w);
        p.block = w;
        p.pass_in_block = pass;
        p.weights.number = b_.all_weights_fit ? pass : w * shape_.passes() + pass;
        p.weights.block = b_.all_weights_fit ? 0 : p.weights.number;
        p.input.number = w;
        out_.push_back(p);
      }
    }
  }

  // A slice of the reduction of one pass and window block.
  [[nodiscard]] Piece slice(std::uint32_t pass, std::uint32_t window_block, std::uint32_t number) const {
    Piece p = piece(pass, window_block);
    p.bricks = part_of(shape_.bricks(), number, b_.slices);
    p.block = b_.window_blocks == 1 ? 0 : pass * b_.window_blocks + window_block;
    p.pass_in_block = b_.window_blocks == 1 ? pass : 0;
    return p;
  }
  [[nodiscard]] std::uint64_t groups_of(std::uint32_t pass) const {
    return shape_.groups_of({pass, pass + 1}).count;
  }

  void sums_kept() {
    const bool streams_input = b_.order == LoopOrder::sums_kept_input_streamed;
    std::uint32_t number = 0;
    for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
      for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
        for (std::uint32_t r = 0; r < b_.slices; ++r) {
          Piece p = slice(pass, w, r);
          p.weights = {number, number};
          p.input.number = streams_input ? number : r;
          if (streams_input) p.input.groups = groups_of(pass);
          out_.push_back(p);
          ++number;
        }
      }
    }
  }

  void sums_spilled() {
    std::uint32_t number = 0;
    for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
      for (std::uint32_t r = 0; r < b_.slices; ++r) {
        for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
          Piece p = slice(pass, w, r);
          p.weights.number = p.weights.block = pass * b_.slices + r;
          p.input.number = number++;
          p.input.groups = groups_of(pass);
          out_.push_back(p);
        }
      }
    }
  }

  const Blocking& b_;
  const LayerShape& shape_;
  std::vector<Piece> out_;
};

template <class NumberOf>
std::vector<LoadUsers> users_of(const std::vector<Piece>& pieces, const NumberOf& number_of) {
  std::vector<LoadUsers> out;
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const std::uint32_t number = number_of(pieces[i]);
    HEDDLE_CHECK(number <= out.size(), "loads out of order");
    if (number == out.size()) out.push_back({i, i});
    out[number].last = i;
  }
  return out;
}

}  // namespace

std::vector<Piece> pieces_of(const Blocking& blocking, const LayerShape& shape) {
  return Walk(blocking, shape).run();
}

std::vector<LoadUsers> weight_load_users(const std::vector<Piece>& pieces) {
  return users_of(pieces, [](const Piece& piece) { return piece.weights.number; });
}

std::vector<LoadUsers> input_load_users(const std::vector<Piece>& pieces) {
  return users_of(pieces, [](const Piece& piece) { return piece.input.number; });
}

Parts parts_of_pass(const Piece& piece, const Blocking& blocking, const LayerShape& shape) {
  if (piece.bricks.count() < shape.bricks()) return {piece.bricks.begin, piece.bricks.end, shape.bricks()};
  if (blocking.order == LoopOrder::whole) return {piece.sets.begin, piece.sets.end, shape.window_sets()};
  return {};
}

std::vector<arch::Block> blocks_of(const Blocking& blocking, const LayerShape& shape) {
  std::vector<arch::Block> out;
  for (const Piece& p : pieces_of(blocking, shape)) {
    if (p.block >= out.size()) out.resize(p.block + 1);
    arch::Block& block = out[p.block];
    if (p.pass_in_block >= block.passes.size()) block.passes.push_back(p.pass);
    // Pieces of a block's first pass come in the order of its window sets.
    if (p.pass_in_block == 0 && (block.window_sets.empty() || p.sets.begin > block.window_sets.back())) {
      for (std::uint32_t s = p.sets.begin; s < p.sets.end; ++s) block.window_sets.push_back(s);
    }
  }
  return out;
}

}  // namespace heddle::memory
