// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/width.h"

#include "sim/base/error.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/kernel/width.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace heddle::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void SummarizeBricks(const std::int32_t* HWY_RESTRICT values, std::size_t bricks,
                     GroupBits* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < bricks; ++i) out[i] = summarize({values + i * kBrick, kBrick});
}

#else

// A brick is four 128-bit vectors on every target, so that one reduction tree serves all targets.
void SummarizeBricks(const std::int32_t* HWY_RESTRICT values, std::size_t bricks,
                     GroupBits* HWY_RESTRICT out) {
  const hn::FixedTag<std::int32_t, 4> d;
  const hn::FixedTag<std::int64_t, 2> pairs;
  for (std::size_t i = 0; i < bricks; ++i, values += kBrick) {
    auto folded = hn::Zero(d);
    auto low = hn::Zero(d);
    for (std::size_t lane = 0; lane < kBrick; lane += 4) {
      const auto x = hn::LoadU(d, values + lane);
      folded = hn::Or(folded, hn::Xor(x, hn::ShiftRight<31>(x)));
      low = hn::Or(low, x);
    }
    // folded and low interleave to (f, l, f, l); OR of the two halves is the pair that GroupBits stores.
    const auto both = hn::Or(hn::InterleaveLower(d, folded, low), hn::InterleaveUpper(d, folded, low));
    const auto pair = hn::BitCast(pairs, both);
    const auto reduced = hn::Or(pair, hn::ShiftRightLanes<1>(pairs, pair));
    const std::int64_t bits = hn::GetLane(reduced);
    out[i] = {static_cast<std::uint32_t>(bits),
              static_cast<std::uint32_t>(static_cast<std::uint64_t>(bits) >> 32)};
  }
}

#endif

}  // namespace heddle::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace heddle::kernel {

HWY_EXPORT(SummarizeBricks);

GroupBits summarize(std::span<const std::int32_t> values) {
  GroupBits group;
  for (const std::int32_t x : values) {
    group.folded |= static_cast<std::uint32_t>(x ^ (x >> 31));
    group.low |= static_cast<std::uint32_t>(x);
  }
  return group;
}

void summarize_bricks(std::span<const std::int32_t> values, std::span<GroupBits> out) {
  HEDDLE_CHECK(values.size() == out.size() * kBrick, "a brick is 16 values");
  HWY_DYNAMIC_DISPATCH(SummarizeBricks)(values.data(), out.size(), out.data());
}

}  // namespace heddle::kernel
#endif  // HWY_ONCE
