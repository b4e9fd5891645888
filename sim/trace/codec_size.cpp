// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "sim/base/error.h"
#include "sim/trace/codec.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/trace/codec_size.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace heddle::trace::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Folded bits and zeros of one whole brick.
struct Brick {
  std::uint32_t folded;
  std::uint32_t zeros;
};

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE Brick Summarize(const std::int32_t* values) {
  Brick brick{0, 0};
  for (std::size_t l = 0; l < kernel::kBrick; ++l) {
    brick.folded |= static_cast<std::uint32_t>(values[l] ^ (values[l] >> 31));
    brick.zeros += values[l] == 0 ? 1U : 0U;
  }
  return brick;
}

#else

HWY_INLINE Brick Summarize(const std::int32_t* values) {
  const hn::FixedTag<std::int32_t, 4> d;
  const hn::FixedTag<std::int64_t, 2> pairs;
  auto folded = hn::Zero(d);
  std::size_t zeros = 0;
  for (std::size_t lane = 0; lane < kernel::kBrick; lane += 4) {
    const auto x = hn::LoadU(d, values + lane);
    folded = hn::Or(folded, hn::Xor(x, hn::ShiftRight<31>(x)));
    zeros += hn::CountTrue(d, hn::Eq(x, hn::Zero(d)));
  }
  const auto pair = hn::BitCast(pairs, folded);
  const auto bits =
      static_cast<std::uint64_t>(hn::GetLane(hn::Or(pair, hn::ShiftRightLanes<1>(pairs, pair))));
  return {static_cast<std::uint32_t>(bits | bits >> 32), static_cast<std::uint32_t>(zeros)};
}

#endif

void AddBricks(const std::int32_t* values, std::size_t bricks, unsigned header_bits, unsigned sign,
               std::uint64_t* zero_vector, std::uint64_t* plain) {
  const std::uint64_t each = header_bits * std::uint64_t{bricks};
  std::uint64_t with = each + kernel::kBrick * bricks;
  std::uint64_t without = each;
  for (std::size_t i = 0; i < bricks; ++i) {
    const Brick brick = Summarize(values + i * kernel::kBrick);
    const std::uint64_t p = std::max(1U, static_cast<std::uint32_t>(std::bit_width(brick.folded)) + sign);
    with += (kernel::kBrick - brick.zeros) * p;
    without += kernel::kBrick * p;
  }
  *zero_vector += with;
  *plain += without;
}

}  // namespace heddle::trace::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace heddle::trace {

HWY_EXPORT(AddBricks);

CodecSize codec_size(GroupFormat format, std::span<const std::int32_t> values, std::size_t run_length) {
  HEDDLE_CHECK(run_length > 0 && values.size() % run_length == 0, "values are whole runs");
  const std::size_t whole =
      run_length % kernel::kBrick == 0 ? values.size() : run_length / kernel::kBrick * kernel::kBrick;
  const std::size_t run = run_length % kernel::kBrick == 0 ? values.size() : run_length;
  std::uint64_t zero_vector = 0;
  std::uint64_t plain = 0;
  for (std::size_t at = 0; at < values.size(); at += run) {
    HWY_DYNAMIC_DISPATCH(AddBricks)
    (values.data() + at, whole / kernel::kBrick, format.header_bits(), format.signed_values ? 1U : 0U,
     &zero_vector, &plain);
    if (whole == run) continue;
    const auto rest = values.subspan(at + whole, run - whole);
    const auto count = static_cast<unsigned>(rest.size());
    const auto zeros = static_cast<unsigned>(std::count(rest.begin(), rest.end(), 0));
    const kernel::GroupBits bits = kernel::summarize(rest);
    zero_vector += group_bits(format, GroupForm::zero_vector, bits, count, count - zeros);
    plain += group_bits(format, GroupForm::plain, bits, count, count - zeros);
  }
  return {Bits(zero_vector), Bits(plain)};
}

}  // namespace heddle::trace
#endif  // HWY_ONCE
