// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/quantity.h"
#include "sim/base/random.h"

using heddle::nearest_name;

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
static_assert(Addable<heddle::Bits, heddle::Bits>);
static_assert(!Addable<heddle::Bits, heddle::Bytes>);
static_assert(!Addable<heddle::Cycles, std::uint64_t>);

TEST_CASE("a misspelt name gets the nearest legal one as a suggestion") {
  const std::array<std::string, 4> names{"windows", "filters", "lanes", "encoder"};
  CHECK(nearest_name("windos", names) == "windows");
  CHECK(nearest_name("LANES", names) == "lanes");
  CHECK(nearest_name("encodre", names) == "encoder");
  CHECK(nearest_name("zzzzzzzzz", names).empty());
  CHECK(nearest_name("", names).empty());
}

TEST_CASE("an error shows hostile text safely") {
  CHECK(heddle::in_quotes("a\nb") == "'a\\x0ab'");
  CHECK(heddle::in_quotes(std::string(200, 'x')).size() < 100);
  CHECK(heddle::in_quotes("\xff\xfe"
                          "0") == "'\\xff\\xfe0'");
  CHECK(heddle::in_quotes("\xEF\xBB\xBF"
                          "0x0") == "'\\xef\\xbb\\xbf0x0'");  // a byte order mark
  CHECK(heddle::in_quotes("a\xC2\xA0"
                          "b") == "'a\\xc2\\xa0b'");  // a no-break space
  CHECK(heddle::in_quotes("f\xC3\xBCr") == "'f\xC3\xBCr'");
  CHECK(heddle::in_quotes("\xC3") == "'\\xc3'");
  CHECK(heddle::in_quotes(std::string(79, 'x') + "\xC3\xBC"
                                                 "y") == "'" + std::string(79, 'x') + "\xC3\xBC...'");
}

TEST_CASE("error kinds map to the exit codes that the documentation promises") {
  using heddle::Error;
  using heddle::ErrorKind;
  CHECK(Error(ErrorKind::config, "a", "b").exit_code() == 2);
  CHECK(Error(ErrorKind::workload, "a", "b").exit_code() == 2);
  CHECK(Error(ErrorKind::usage, "a", "b").exit_code() == 2);
  CHECK(Error(ErrorKind::io, "a", "b").exit_code() == 2);
  CHECK(Error(ErrorKind::check, "a", "b").exit_code() == 1);
  CHECK(Error(ErrorKind::internal, "a", "b").exit_code() == 3);
}

TEST_CASE("random streams repeat and differ by name") {
  heddle::Random a(7, "weights");
  heddle::Random b(7, "weights");
  heddle::Random c(7, "activations");
  const auto first = a.next();
  CHECK(first == b.next());
  CHECK(first != c.next());
  for (int i = 0; i < 1000; ++i) {
    const auto v = a.between(-3, 5);
    CHECK(v >= -3);
    CHECK(v <= 5);
  }
}

TEST_CASE("the helpers that round up agree with their definitions") {
  CHECK(heddle::ceil_div(0, 16) == 0);
  CHECK(heddle::ceil_div(17, 16) == 2);
  CHECK(heddle::ceil_log2(1) == 0);
  CHECK(heddle::ceil_log2(8) == 3);
  CHECK(heddle::ceil_log2(9) == 4);
  CHECK(heddle::bytes_holding(heddle::Bits(9)) == heddle::Bytes(2));
}
