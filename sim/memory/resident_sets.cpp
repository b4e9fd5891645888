// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/resident_sets.h"

#include <algorithm>
#include <set>
#include <utility>

namespace heddle::memory {
namespace {

std::uint32_t life(const ResidentCandidate& c) {
  return c.last_use - c.made;
}

bool is_shorter_lived(const ResidentCandidate& a, const ResidentCandidate& b) {
  return std::pair(life(a), a.room) < std::pair(life(b), b.room);
}
bool is_smaller(const ResidentCandidate& a, const ResidentCandidate& b) {
  return std::pair(a.room, life(a)) < std::pair(b.room, life(b));
}
// Room times lifetime, per byte that it saves.
bool costs_less(const ResidentCandidate& a, const ResidentCandidate& b) {
  const auto cost = [](const ResidentCandidate& c) {
    return static_cast<double>(c.room.count()) * (life(c) + 1) /
           static_cast<double>(std::max<std::uint64_t>(1, c.moved.count()));
  };
  return std::pair(cost(a), b.room) < std::pair(cost(b), a.room);
}

std::vector<bool> fitting(std::size_t tensors, std::size_t layers,
                          const std::vector<ResidentCandidate>& in_order, std::uint64_t limit) {
  std::vector<bool> out(tensors, false);
  std::vector<std::uint64_t> live(layers, 0);
  for (const auto& c : in_order) {
    const auto begin = live.begin() + c.made;
    const auto end = live.begin() + c.last_use + 1;
    if (*std::max_element(begin, end) + c.room.count() > limit) continue;
    for (auto at = begin; at != end; ++at) *at += c.room.count();
    out[c.tensor] = true;
  }
  return out;
}

constexpr std::uint64_t kSmallestLimit = 1024;  // bytes
constexpr std::uint64_t kLimitSteps = 4;        // each limit is a quarter larger than the one before

}  // namespace

bool is_brought_by(const Dataflow& flow, std::uint32_t tensor, std::uint32_t layer) {
  if (!flow.tensors[tensor].is_input || flow.tensors[tensor].made != layer) return false;
  const auto& uses = flow.layers[layer].activations;
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return use.tensor == tensor; });
}

std::vector<bool> tensors_that_may_stay(const Dataflow& flow) {
  std::vector<bool> out;
  for (std::uint32_t t = 0; t < flow.tensors.size(); ++t) {
    const auto& tensor = flow.tensors[t];
    out.push_back(tensor.last_use > tensor.made && (!tensor.is_input || is_brought_by(flow, t, tensor.made)));
  }
  return out;
}

std::vector<bool> weighed_exactly(std::size_t tensors, std::size_t layers,
                                  std::vector<ResidentCandidate> candidates, std::size_t most_live) {
  std::stable_sort(candidates.begin(), candidates.end(), is_shorter_lived);
  for (auto& c : candidates) c.room = Bytes(1);
  return fitting(tensors, layers, candidates, most_live);
}

std::vector<std::vector<bool>> resident_sets(std::size_t tensors, std::size_t layers,
                                             std::vector<ResidentCandidate> candidates) {
  std::uint64_t all = 0;
  for (const auto& c : candidates) all += c.room.count();
  std::set<std::vector<bool>> out;
  for (const auto order : {is_shorter_lived, is_smaller, costs_less}) {
    std::stable_sort(candidates.begin(), candidates.end(), order);
    for (std::uint64_t limit = kSmallestLimit; limit < all; limit += limit / kLimitSteps)
      out.insert(fitting(tensors, layers, candidates, limit));
  }
  return {out.begin(), out.end()};
}

}  // namespace heddle::memory
