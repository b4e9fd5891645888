// SPDX-License-Identifier: Apache-2.0
#include "sim/config/override.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using heddle::Error;
using heddle::ErrorKind;
using heddle::config::at_the_options;
using heddle::config::parse_override;
using Overrides = std::span<const std::string>;

bool has(Overrides overrides, const std::string& text) {
  return std::find(overrides.begin(), overrides.end(), text) != overrides.end();
}

const std::vector<std::string> kAll{"a=1", "b=2", "c=3"};
const Error kError(ErrorKind::config, "file.json:1:1: /x", "bad");

std::string named(const std::function<bool(Overrides)>& fails) {
  return at_the_options(kError, kAll,
                        [&](Overrides some) {
                          if (fails(some)) throw kError;
                        })
      .what();
}

}  // namespace

TEST_CASE("an override is a path and a value, JSON or text") {
  const auto number = parse_override("a.b=4");
  CHECK(number.keys == std::vector<std::string>{"a", "b"});
  CHECK(number.value == 4);
  CHECK(parse_override("a=row").value == "row");
  CHECK(parse_override("a=").value == "");
  CHECK(parse_override("a=b=c").value == "b=c");
  for (const char* text : {"", "=1", "a", ".a=1", "a.=1", "a..b=1", "."})
    CHECK_THROWS_AS(parse_override(text), Error);
  CHECK_THROWS_WITH(parse_override(R"(a={"x":1,"x":2})"), Contains("duplicate key 'x'"));
  CHECK_THROWS_WITH(parse_override("a=" + std::string(65, '[') + std::string(65, ']')),
                    Contains("nested deeper than 64 levels"));
}

TEST_CASE("the options without which nothing fails are named") {
  CHECK_THAT(named([](Overrides some) { return has(some, "b=2"); }),
             Equals("--set b=2: file.json:1:1: /x: bad"));
  CHECK_THAT(named([](Overrides some) { return has(some, "a=1") && has(some, "c=3"); }),
             Equals("--set a=1, --set c=3: file.json:1:1: /x: bad"));
}

TEST_CASE("of options each of which is enough to fail, one is named") {
  CHECK_THAT(named([](Overrides some) { return has(some, "a=1") || has(some, "c=3"); }),
             Equals("--set a=1: file.json:1:1: /x: bad"));
}

TEST_CASE("an error that no option causes keeps its place") {
  CHECK_THAT(named([](Overrides) { return true; }), Equals("file.json:1:1: /x: bad"));
  CHECK_THAT(named([](Overrides) { return false; }), Equals("file.json:1:1: /x: bad"));  // found only later
  const Error at_option(ErrorKind::config, "--set a=1: /a", "bad");
  CHECK_THAT(at_the_options(at_option, kAll, [](Overrides) { FAIL("nothing to search"); }).what(),
             Equals("--set a=1: /a: bad"));
}
