// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/memory/blocking.h"

namespace heddle::memory {

// A blocking but for the numbers of blocks: the loops that have more than one iteration, their order, and
// inside which of them each tensor is held.
struct Scheme {
  std::array<Loop, kLoops> loops{};  // outermost first; those with one iteration at the end
  std::uint8_t cut_loops = 0;        // those with more
  std::uint8_t weights_depth = 0;    // outer loops in which weights are loaded again
  std::uint8_t input_depth = 0;
  bool spills_sums = false;

  [[nodiscard]] bool cuts(Loop loop) const { return position(loop) < cut_loops; }
  [[nodiscard]] bool reloads_weights_in(Loop loop) const { return position(loop) < weights_depth; }
  // Whether each window block loads the weights of all blocks of a loop again.
  [[nodiscard]] bool repeats_weights_of(Loop loop) const {
    return reloads_weights_in(loop) && reloads_weights_in(Loop::windows) &&
           position(loop) > position(Loop::windows);
  }
  [[nodiscard]] bool reloads_input_in(Loop loop) const { return position(loop) < input_depth; }
  // Whether the sums of all iterations of a loop are held at the same time.
  [[nodiscard]] bool holds_sums_of(Loop loop) const { return position(loop) > position(Loop::channels); }
  // Whether the input moves on from one window block to the next, so that the lines that both read stay.
  [[nodiscard]] bool slides() const { return input_depth > 0 && loops[input_depth - 1U] == Loop::windows; }

 private:
  [[nodiscard]] std::size_t position(Loop loop) const {
    std::size_t i = 0;
    while (loops[i] != loop) ++i;
    return i;
  }
};

// Every scheme that can be the best of some layer. `has_groups`: the filters of different passes may read
// different channels.
std::vector<Scheme> all_schemes(bool has_groups);

}  // namespace heddle::memory
