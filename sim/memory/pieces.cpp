// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "sim/base/error.h"
#include "sim/memory/work_list_builder.h"

namespace heddle::memory {
namespace {

std::uint32_t cut(std::uint32_t all, std::uint32_t i, std::uint32_t n) {
  return static_cast<std::uint32_t>(part_begin(all, i, n));
}

class Walk {
 public:
  Walk(const Blocking& blocking, const LayerShape& shape) : b_(blocking), shape_(shape) {}

  std::vector<Piece> run() {
    walk();
    return std::move(out_);
  }

 private:
  void walk() {
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
  }

  // A piece of a pass and a window block, all bricks; its block is the pass's own unless told otherwise.
  Piece piece(std::uint32_t pass, std::uint32_t window_block) const {
    Piece p;
    p.pass = pass;
    p.first_set = cut(shape_.window_sets(), window_block, b_.window_blocks);
    p.last_set = cut(shape_.window_sets(), window_block + 1, b_.window_blocks);
    p.last_brick = shape_.bricks();
    const auto lines = shape_.lines(p.first_set, p.last_set);
    p.first_line = lines.first;
    p.lines = lines.count;
    p.groups = shape_.groups_of(pass, pass + 1).count;
    return p;
  }

  void whole() {
    const std::uint32_t n = shape_.pieces_a_pass();
    const bool by_sets = shape_.window_sets() > 1;
    for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
      for (std::uint32_t i = 0; i < n; ++i) {
        Piece p = piece(pass, 0);
        p.pass_in_block = pass;
        p.input_key = i;
        p.groups = shape_.groups();
        if (by_sets) {
          p.first_set = cut(shape_.window_sets(), i, n);
          p.last_set = cut(shape_.window_sets(), i + 1, n);
          p.begin = p.first_set;
          p.end = p.last_set;
          p.parts = shape_.window_sets();
          const auto before = i > 0 ? shape_.lines(0, p.first_set).count : 0;
          p.first_line = shape_.lines(0, p.last_set).first + before;
          p.lines = shape_.lines(0, p.last_set).count - before;
          p.weight_key = pass;
        } else {
          slice(p, i, n);
          p.is_final = i + 1 == n;
          p.weight_key = std::uint64_t{pass} * n + i;
        }
        p.weight_block = p.weight_key;
        out_.push_back(p);
      }
    }
  }

  void slice(Piece& p, std::uint32_t i, std::uint32_t n) const {
    p.first_brick = cut(shape_.bricks(), i, n);
    p.last_brick = cut(shape_.bricks(), i + 1, n);
    p.begin = p.first_brick;
    p.end = p.last_brick;
    p.parts = shape_.bricks();
  }

  void filters_windows() {
    std::uint64_t groups_loaded = 0;
    for (std::uint32_t f = 0; f < b_.filter_blocks; ++f) {
      const std::uint32_t first = cut(shape_.passes(), f, b_.filter_blocks);
      const std::uint32_t last = cut(shape_.passes(), f + 1, b_.filter_blocks);
      const auto groups = shape_.groups_of(first, last);
      for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
        for (std::uint32_t pass = first; pass < last; ++pass) {
          Piece p = piece(pass, w);
          p.block = b_.window_blocks == 1 ? 0 : f * b_.window_blocks + w;
          p.pass_in_block = b_.window_blocks == 1 ? pass : pass - first;
          p.weight_key = pass;
          p.input_key = std::uint64_t{f} * b_.window_blocks + w;
          p.groups = groups.count;
          // An image that is not cut stays while passes share a group.
          if (b_.window_blocks == 1)
            p.groups = groups.first + groups.count - std::max(groups.first, groups_loaded);
          p.weight_block = f;
          out_.push_back(p);
        }
      }
      groups_loaded = groups.first + groups.count;
    }
  }

  void windows_filters() {
    for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
      for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
        Piece p = piece(pass, w);
        p.block = w;
        p.pass_in_block = pass;
        p.weight_key = b_.all_weights_fit ? pass : std::uint64_t{w} * shape_.passes() + pass;
        p.weight_block = b_.all_weights_fit ? 0 : p.weight_key;
        p.input_key = w;
        p.groups = shape_.groups();
        out_.push_back(p);
      }
    }
  }

  void place(Piece& p, std::uint32_t window_block) const {
    p.block = b_.window_blocks == 1 ? 0 : p.pass * b_.window_blocks + window_block;
    p.pass_in_block = b_.window_blocks == 1 ? p.pass : 0;
  }

  void sums_kept() {
    const bool streamed = b_.order == LoopOrder::sums_kept_input_streamed;
    for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
      for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
        for (std::uint32_t r = 0; r < b_.slices; ++r) {
          Piece p = piece(pass, w);
          place(p, w);
          slice(p, r, b_.slices);
          p.weight_key = (std::uint64_t{pass} * b_.window_blocks + w) * b_.slices + r;
          p.input_key = streamed ? p.weight_key : r;
          if (!streamed) p.groups = shape_.groups();
          p.weight_block = p.weight_key;
          p.is_final = r + 1 == b_.slices;
          out_.push_back(p);
        }
      }
    }
  }

  void sums_spilled() {
    for (std::uint32_t pass = 0; pass < shape_.passes(); ++pass) {
      for (std::uint32_t r = 0; r < b_.slices; ++r) {
        for (std::uint32_t w = 0; w < b_.window_blocks; ++w) {
          Piece p = piece(pass, w);
          place(p, w);
          slice(p, r, b_.slices);
          p.weight_key = std::uint64_t{pass} * b_.slices + r;
          p.input_key = p.weight_key * b_.window_blocks + w;
          p.weight_block = p.weight_key;
          p.is_final = r + 1 == b_.slices;
          p.loads_sums = r > 0;
          p.stores_sums = !p.is_final;
          out_.push_back(p);
        }
      }
    }
  }

  const Blocking& b_;
  const LayerShape& shape_;
  std::vector<Piece> out_;
};

}  // namespace

std::vector<Piece> pieces_of(const Blocking& blocking, const LayerShape& shape) {
  return Walk(blocking, shape).run();
}

std::vector<arch::Block> blocks_of(const Blocking& blocking, const LayerShape& shape) {
  std::vector<arch::Block> out;
  for (const Piece& p : pieces_of(blocking, shape)) {
    if (p.block >= out.size()) out.resize(p.block + 1);
    arch::Block& block = out[p.block];
    const bool is_new_pass = block.passes.empty() || p.pass_in_block >= block.passes.size();
    if (is_new_pass) block.passes.push_back(p.pass);
    // Pieces of a block's first pass come in the order of its windows.
    if (p.pass_in_block == 0 && (block.window_sets.empty() || p.first_set > block.window_sets.back())) {
      for (std::uint32_t s = p.first_set; s < p.last_set; ++s) block.window_sets.push_back(s);
    }
  }
  return out;
}

}  // namespace heddle::memory
