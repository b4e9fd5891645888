// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/hw/lpe.h"

#include <algorithm>
#include <bit>

#include "sim/base/error.h"

namespace heddle::models::laconic {

TermBrick recode_brick(kernel::Encoder encoder, std::span<const std::int32_t, arch::kLanes> values,
                       const hw::SubwordPlace& part) {
  TermBrick out;
  for (std::size_t lane = 0; lane < arch::kLanes; ++lane)
    out[lane] = hw::terms_of_subword(encoder, values[lane], part);
  return out;
}

void Lpe::load(const TermBrick& weights, const TermBrick& activations) {
  for (std::size_t l = 0; l < arch::kLanes; ++l) {
    Lane& lane = lanes_[l];
    lane = {weights[l], activations[l], weights[l].exponents(), activations[l].exponents()};
    if (lane.activation_left == 0) lane.weight_left = 0;  // a zero makes no pair
  }
}

bool Lpe::done() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.weight_left == 0; });
}

void Lpe::clock() {
  histogram();
  sum_ += add_groups();
}

void Lpe::histogram() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  for (Lane& lane : lanes_) {
    if (lane.weight_left == 0) continue;
    const auto w = static_cast<unsigned>(std::countr_zero(lane.weight_left));
    const auto a = static_cast<unsigned>(std::countr_zero(lane.activation_left));
    const bool negative = (((lane.weight.negative >> w) ^ (lane.activation.negative >> a)) & 1U) != 0;
    HEDDLE_CHECK(w + a < buckets_.size(), "the exponents are within the element's width");
    buckets_[w + a] += negative ? -1 : 1;
    lane.activation_left &= lane.activation_left - 1;
    if (lane.activation_left != 0) continue;
    lane.weight_left &= lane.weight_left - 1;
    lane.activation_left = lane.activation.exponents();
  }
}

// {..., N(g+6) - (N(g) < 0), N(g)}: a negative field borrows one from the next.
std::int64_t Lpe::concatenate(std::size_t group) const {
  std::int64_t word = 0;
  std::int32_t borrow = 0;
  unsigned place = 0;
  for (std::size_t b = group; b < buckets_.size(); b += kGroups, place += kFieldBits) {
    const std::int32_t field = buckets_[b] - borrow;
    const bool is_top = b + kGroups >= buckets_.size();
    const std::int64_t bits =
        is_top ? field : field & ((1 << kFieldBits) - 1);  // the top field keeps its sign
    word += bits * (std::int64_t{1} << place);
    borrow = field < 0 ? 1 : 0;
  }
  return word;
}

std::int64_t Lpe::add_groups() const {
  std::array<std::int64_t, kGroups> tree{};
  for (std::size_t g = 0; g < kGroups; ++g) tree[g] = concatenate(g) * (std::int64_t{1} << g);
  return (tree[0] + tree[1]) + ((tree[2] + tree[3]) + (tree[4] + tree[5]));
}

}  // namespace heddle::models::laconic
