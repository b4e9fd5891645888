// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/scheme.h"

#include <algorithm>

namespace heddle::memory {
namespace {

// Depths at which a tensor that depends on some loops can be loaded again. A loop that it does not depend on
// is never the last: inside it nothing new is needed.
template <class DependsOn>
std::vector<std::uint8_t> depths(const Scheme& scheme, DependsOn depends_on) {
  std::vector<std::uint8_t> out{0};
  for (std::uint8_t d = 1; d <= scheme.cut_loops; ++d) {
    if (depends_on(scheme.loops[d - 1U])) out.push_back(d);
  }
  return out;
}

// Of the depths at which weights move the same bytes the deepest, which takes the least room.
std::vector<std::uint8_t> weight_depths(const Scheme& scheme) {
  std::vector<std::uint8_t> out;
  const auto all = depths(scheme, [](Loop loop) { return loop != Loop::windows; });
  const auto repeats = [&](std::uint8_t depth) {
    return std::any_of(scheme.loops.begin(), scheme.loops.begin() + depth,
                       [](Loop loop) { return loop == Loop::windows; });
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i + 1 == all.size() || repeats(all[i]) != repeats(all[i + 1])) out.push_back(all[i]);
  }
  return out;
}

void add_depths(Scheme scheme, bool has_groups, std::vector<Scheme>& out) {
  const auto input_depends_on = [&](Loop loop) { return loop != Loop::filters || has_groups; };
  const bool has_loop_inside_channels =
      scheme.cuts(Loop::channels) && scheme.loops[scheme.cut_loops - 1U] != Loop::channels;
  for (const auto w : weight_depths(scheme)) {
    for (const auto i : depths(scheme, input_depends_on)) {
      scheme.weights_depth = w;
      scheme.input_depth = i;
      scheme.spills_sums = false;
      out.push_back(scheme);
      if (!has_loop_inside_channels) continue;
      scheme.spills_sums = true;
      out.push_back(scheme);
    }
  }
}

}  // namespace

std::vector<Scheme> all_schemes(bool has_groups) {
  std::vector<Scheme> out;
  for (std::uint8_t cut = 0; cut <= kLoops; ++cut) {
    Scheme scheme{.loops = {Loop::filters, Loop::windows, Loop::channels}, .cut_loops = cut};
    do {
      // Of the orders that differ only in loops of one iteration, one.
      if (std::is_sorted(scheme.loops.begin() + cut, scheme.loops.end())) add_depths(scheme, has_groups, out);
    } while (std::next_permutation(scheme.loops.begin(), scheme.loops.end()));
  }
  return out;
}

}  // namespace heddle::memory
