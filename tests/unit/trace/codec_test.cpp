// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/codec.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

using heddle::Bits;
using heddle::Error;
using heddle::Random;
using heddle::trace::codec_size;
using heddle::trace::decode_groups;
using heddle::trace::encode_groups;
using heddle::trace::GroupForm;
using heddle::trace::GroupFormat;

namespace {

constexpr std::array kForms{GroupForm::zero_vector, GroupForm::plain};

struct Case {
  GroupFormat format;
  std::vector<std::int32_t> values;
  std::size_t run_length;
};

Case random_case(Random& random) {
  Case made;
  made.format = {random.chance(2) ? 8U : 16U, random.chance(2)};
  made.run_length = static_cast<std::size_t>(random.between(1, 70));
  const unsigned bits = made.format.container_bits - (made.format.signed_values ? 1U : 0U);
  const auto runs = static_cast<std::size_t>(random.between(0, 6));
  const auto used = static_cast<unsigned>(random.between(0, bits));
  made.values = heddle::test::random_values(random, runs * made.run_length, used, made.format.signed_values);
  return made;
}

// Bits one by one from the values' own ranges, without summaries.
std::uint64_t by_definition(const Case& c, GroupForm form) {
  std::uint64_t total = 0;
  for (std::size_t run = 0; run < c.values.size(); run += c.run_length) {
    for (std::size_t at = 0; at < c.run_length; at += 16) {
      const std::size_t n = std::min<std::size_t>(16, c.run_length - at);
      std::uint64_t p = 1;
      std::uint64_t nonzeros = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t x = c.values[run + at + i];
        if (x != 0) ++nonzeros;
        const auto fits = [&](std::uint64_t b) {
          if (!c.format.signed_values) return x < (std::int64_t{1} << b);
          return x >= -(std::int64_t{1} << (b - 1)) && x < (std::int64_t{1} << (b - 1));
        };
        while (!fits(p)) ++p;
      }
      const std::uint64_t header = c.format.container_bits == 8 ? 3 : 4;
      total += form == GroupForm::zero_vector ? n + header + nonzeros * p : header + n * p;
    }
  }
  return total;
}

}  // namespace

TEST_CASE("sizes of known groups") {
  const GroupFormat format{16, true};
  std::vector<std::int32_t> values(16);
  CHECK(codec_size(format, values, 16).zero_vector == Bits(16 + 4));
  CHECK(codec_size(format, values, 16).plain == Bits(4 + 16));
  values[3] = -5;
  values[7] = 2;
  CHECK(codec_size(format, values, 16).zero_vector == Bits(16 + 4 + 2 * 4));
  CHECK(codec_size(format, values, 16).plain == Bits(4 + 16 * 4));
  CHECK(codec_size({8, true}, values, 16).zero_vector == Bits(16 + 3 + 2 * 4));
  CHECK(codec_size(format, std::span(values).first(8), 8).zero_vector == Bits(8 + 4 + 2 * 4));
  CHECK(codec_size(format, values, 16).cheaper() == GroupForm::zero_vector);
  CHECK(codec_size({16, false}, std::vector<std::int32_t>(16, 65535), 16).cheaper_bits() == Bits(4 + 256));
}

TEST_CASE("counted sizes are the definition's and the encoder's, on every instruction set") {
  heddle::test::for_each_target([] {
    Random random(51);
    for (int round = 0; round < 500; ++round) {
      const Case c = random_case(random);
      const auto size = codec_size(c.format, c.values, c.run_length);
      REQUIRE(size.zero_vector.count() == by_definition(c, GroupForm::zero_vector));
      REQUIRE(size.plain.count() == by_definition(c, GroupForm::plain));
      REQUIRE(encode_groups(c.format, GroupForm::zero_vector, c.values, c.run_length).size() ==
              bytes_holding(size.zero_vector).count());
      REQUIRE(encode_groups(c.format, GroupForm::plain, c.values, c.run_length).size() ==
              bytes_holding(size.plain).count());
    }
  });
}

TEST_CASE("what is encoded decodes to itself, and no shorter or longer stream does") {
  Random random(52);
  for (int round = 0; round < 500; ++round) {
    const Case c = random_case(random);
    for (const GroupForm form : kForms) {
      auto stream = encode_groups(c.format, form, c.values, c.run_length);
      std::vector<std::int32_t> back(c.values.size(), 77);
      decode_groups(c.format, form, stream, back, c.run_length);
      REQUIRE(back == c.values);
      if (!stream.empty()) {
        const auto cut = static_cast<std::size_t>(random.below(stream.size()));
        REQUIRE_THROWS_AS(decode_groups(c.format, form, std::span(stream).first(cut), back, c.run_length),
                          Error);
      }
      stream.push_back(std::byte{0});
      REQUIRE_THROWS_AS(decode_groups(c.format, form, stream, back, c.run_length), Error);
    }
  }
}

TEST_CASE("every container value survives alone in its group") {
  for (const unsigned container : {8U, 16U}) {
    const std::int32_t half = 1 << (container - 1);
    for (std::int32_t x = -half; x < 2 * half; ++x) {
      const bool is_signed = x < 0;
      for (const GroupForm form : kForms) {
        const std::array<std::int32_t, 3> values{0, x, 0};
        std::array<std::int32_t, 3> back{};
        const GroupFormat format{container, is_signed || x < half};
        decode_groups(format, form, encode_groups(format, form, values, 3), back, 3);
        if (back != values) FAIL("value " << x);
      }
    }
  }
  SUCCEED();
}

TEST_CASE("hostile streams are refused or are what the encoder would have written") {
  Random random(53);
  unsigned refused = 0;
  unsigned accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const GroupFormat format{random.chance(2) ? 8U : 16U, random.chance(2)};
    const auto count = static_cast<std::size_t>(random.between(1, 4));
    std::vector<std::byte> stream(static_cast<std::size_t>(random.between(0, 6)));
    for (auto& b : stream) b = static_cast<std::byte>(random.below(256));
    if (!stream.empty() && random.chance(2)) stream.back() &= std::byte{3};
    const GroupForm form = kForms[random.below(2)];
    std::vector<std::int32_t> values(count);
    try {
      decode_groups(format, form, stream, values, count);
    } catch (const Error& error) {
      REQUIRE(error.kind() == heddle::ErrorKind::workload);
      ++refused;
      continue;
    }
    ++accepted;
    REQUIRE(encode_groups(format, form, values, count) == stream);
  }
  CHECK(refused > 1000);
  CHECK(accepted > 100);
}

TEST_CASE("values that the container does not hold are refused") {
  const auto encode = [](GroupFormat format, std::int32_t x) {
    return encode_groups(format, GroupForm::plain, std::array{x}, 1);
  };
  CHECK_THROWS_AS(encode({8, true}, 128), Error);
  CHECK_THROWS_AS(encode({8, false}, 256), Error);
  CHECK_THROWS_AS(encode({8, false}, -1), Error);
  CHECK_THROWS_AS(encode({16, true}, -32769), Error);
  CHECK_THROWS_AS(encode({16, false}, 65536), Error);
  CHECK_NOTHROW(encode({16, false}, 65535));
  CHECK_THROWS_AS(encode({12, false}, 1), Error);
}
