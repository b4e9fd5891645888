// SPDX-License-Identifier: Apache-2.0
//
// The bits and terms that a group's serializers send add up to the group's values, in the counted cycles.
#include <array>

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/hw/bit_true/bit_serializer.h"
#include "sim/hw/bit_true/term_serializer.h"
#include "sim/kernel/shifter.h"
#include "sim/kernel/width.h"
#include "sim/kernel/width_dnnsim.h"

namespace {

using namespace heddle;
using Group = std::array<std::int32_t, workload::kBrick>;

constexpr std::uint64_t kGroups = 60'000;

// Values of `bits` bits, small ones likelier, with a common shift so that low bits are sometimes zero.
Group random_group(Random& random, unsigned bits, bool is_signed) {
  const std::int64_t high = (std::int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
  const std::int64_t low = is_signed ? -high - 1 : 0;
  const auto smaller = random.below(bits + 1);
  const auto zeros = random.below(bits);
  Group out;
  for (auto& value : out)
    value = static_cast<std::int32_t>(random.between(low, high) >> smaller >> zeros << zeros);
  return out;
}

unsigned counted_width(const Group& group, const hw::BitCode& code, const hw::SubwordPlace& place) {
  Group subword;
  for (std::size_t lane = 0; lane < subword.size(); ++lane)
    subword[lane] = arch::subword_of(group[lane], place.index, place.bits, code.is_signed);
  const kernel::GroupBits bits = kernel::summarize(subword);
  return code.ones_complement ? kernel::width_dnnsim(bits.folded, code.is_signed, code.trim_low)
                              : kernel::width(bits, code.is_signed, code.trim_low);
}

// Adds what the serializer sends, and checks that the forms of a digit agree.
void send(const hw::BitSerializer& from, const Group& group,
          std::array<std::int64_t, workload::kBrick>& sums) {
  for (unsigned i = 0; i < from.planes(); ++i) {
    const hw::BitPlane plane = from.plane(i);
    const hw::BitPlane::Lanes lanes = plane.lanes(group);
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      const int digit = plane.digit(group[lane]);
      const int wires = (lanes.positive >> lane & 1) - (lanes.negative >> lane & 1);
      if (digit != wires) FAIL("lane " << lane << " has " << wires << " on its wires, not " << digit);
      sums[lane] += std::int64_t{digit} * plane.counts;
    }
  }
  if (from.plane(from.planes()).counts != 0) FAIL("a plane beyond the last one");
}

struct Shape {
  unsigned bits;
  hw::SubwordPlace place;  // index 0
  bool is_signed;
};

Shape random_shape(Random& random) {
  const bool is_signed = random.chance(2);
  const auto bits = static_cast<unsigned>(random.between(is_signed ? 2 : 1, 16));
  const auto width = static_cast<unsigned>(random.between(4, 16));
  return {bits, {0, (bits + width - 1) / width, width}, is_signed};
}

}  // namespace

TEST_CASE("bits add up to the values, for any subword width and code") {
  Random random(1, "bits");
  for (std::uint64_t c = 0; c < kGroups; ++c) {
    const Shape shape = random_shape(random);
    const hw::BitCode code{random.chance(2), shape.is_signed, random.chance(2)};
    const Group group = random_group(random, shape.bits, shape.is_signed);
    std::array<std::int64_t, workload::kBrick> sums{};
    hw::SubwordPlace place = shape.place;
    for (; place.index < place.count; ++place.index) {
      hw::BitSerializer serializer(code, place);
      serializer.see(group);
      if (serializer.planes() != counted_width(group, code, place))
        FAIL("case " << c << ": " << serializer.planes() << " planes in subword " << place.index);
      send(serializer, group, sums);
    }
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      if (sums[lane] != group[lane]) FAIL("case " << c << ": " << sums[lane] << " for " << group[lane]);
    }
  }
}

TEST_CASE("bits of a given width add up to the values") {
  Random random(2, "width");
  for (std::uint64_t c = 0; c < kGroups; ++c) {
    const Shape shape = random_shape(random);
    const Group group = random_group(random, shape.bits, shape.is_signed);
    std::array<std::int64_t, workload::kBrick> sums{};
    hw::SubwordPlace place = shape.place;
    for (; place.index < place.count; ++place.index)
      send(hw::BitSerializer::of_width(std::min(shape.bits, place.bits), shape.is_signed, place), group,
           sums);
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      if (sums[lane] != group[lane]) FAIL("case " << c << ": " << sums[lane] << " for " << group[lane]);
    }
  }
}

// In units of four bits, 73 (0100 1001) is the subwords 4 and 9. The topmost bit of the 9 acts as a sign, so
// it counts -7, which is 16 too small.
TEST_CASE("a lower subword's sign carries into the next subword") {
  hw::BitSerializer low({.is_signed = true}, {0, 2, 4});
  low.see(73);
  REQUIRE(low.planes() == 4);
  CHECK(low.plane(0).counts == 1);
  CHECK(low.plane(0).digit(73) == 1);
  CHECK(low.plane(1).digit(73) == 0);
  CHECK(low.plane(3).counts == -8 + 16);
  CHECK(low.plane(3).digit(73) == 1);
  hw::BitSerializer ones({.ones_complement = true, .is_signed = true}, {0, 2, 4});
  ones.see(73);  // the subword's -7 is sent as -6 and -1
  REQUIRE(ones.planes() == 4);
  CHECK(ones.plane(1).digit(73) == -1);
  CHECK(ones.plane(2).digit(73) == -1);
  CHECK(ones.plane(0).digit(73) == 0);
  CHECK(ones.plane(3).counts == -1 + 16);
  hw::BitSerializer top({.is_signed = true}, {1, 2, 4});
  top.see(-63);
  REQUIRE(top.planes() == 3);
  CHECK(top.plane(2).counts == -(4 << 4));
}

TEST_CASE("terms add up to the values, for any subword width and encoder") {
  Random random(3, "terms");
  for (std::uint64_t c = 0; c < kGroups; ++c) {
    const Shape shape = random_shape(random);
    const Group group = random_group(random, shape.bits, shape.is_signed);
    const auto encoder = kernel::kEncoders[random.below(kernel::kEncoders.size())];
    const auto first_stage_bits = static_cast<unsigned>(random.below(6));
    std::array<std::int64_t, workload::kBrick> sums{};
    hw::SubwordPlace place = shape.place;
    for (; place.index < place.count; ++place.index) {
      hw::TermSerializer serializer;
      serializer.begin(place);
      std::vector<std::uint32_t> masks;
      for (const auto value : group) {
        serializer.see(encoder, value);
        const auto magnitude = static_cast<std::int32_t>(kernel::magnitude_of(value));
        masks.push_back(kernel::term_exponents(encoder, static_cast<std::uint32_t>(arch::subword_of(
                                                            magnitude, place.index, place.bits, false))));
      }
      unsigned cycles = 0;
      for (bool has_more = true; has_more; ++cycles) {
        std::array<hw::Digit, workload::kBrick> digits{};
        has_more =
            serializer.step(first_stage_bits, [&](std::size_t i, hw::Digit digit) { digits[i] = digit; });
        for (std::size_t lane = 0; lane < group.size(); ++lane)
          sums[lane] += digits[lane].sign * (std::int64_t{1} << (digits[lane].offset + serializer.base()));
      }
      if (cycles != kernel::column_cycles(masks, first_stage_bits)) FAIL("case " << c << ": " << cycles);
    }
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      if (sums[lane] != group[lane]) FAIL("case " << c << ": " << sums[lane] << " for " << group[lane]);
    }
  }
}
