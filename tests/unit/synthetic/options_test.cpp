// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/options.h"

#include <catch2/catch.hpp>

#include "sim/synthetic/parameters.h"

namespace {

using namespace heddle::synthetic;
using Catch::Contains;

Options parsed(const std::string& text) {
  return parse_options(text, "--values");
}

}  // namespace

TEST_CASE("every legal form of synthetic values is read, and its label is read back as the same") {
  CHECK(parsed("synthetic").seed == 0);
  CHECK(parsed("synthetic").zeros_share == parameters().activation_zeros_share);
  CHECK(parsed("synthetic").prune_share == 0);
  CHECK(parsed("synthetic:18446744073709551615").seed == ~std::uint64_t{0});
  for (const char* text : {"synthetic", "synthetic:7", "synthetic:7,prune=0.5",
                           "synthetic:prune=0.25,zeros=0", "synthetic:1,zeros=0.999,prune=1e-3"}) {
    const Options options = parsed(text);
    const Options again = parsed(options.label());
    CHECK(again.label() == options.label());
    CHECK(again.seed == options.seed);
    CHECK(again.zeros_share == options.zeros_share);
    CHECK(again.prune_share == options.prune_share);
  }
  CHECK(parsed("synthetic:prune=0.25,zeros=0").label() == "synthetic:0,zeros=0,prune=0.25");
}

TEST_CASE("any other form is refused with what is legal") {
  for (const char* text : {"",
                           "foo",
                           "Synthetic",
                           "synthetic:",
                           "synthetic:abc",
                           "synthetic:-1",
                           "synthetic:1.5",
                           "synthetic:1,",
                           "synthetic:18446744073709551616",
                           "synthetic: 1",
                           "synthetic:1,2",
                           "synthetic:prune=0.5,1",
                           "synthetic:prune",
                           "synthetic:prune=",
                           "synthetic:prune=1",
                           "synthetic:prune=-0.1",
                           "synthetic:prune=nan",
                           "synthetic:prune=x",
                           "synthetic:prune=0.5,prune=0.5",
                           "synthetic:seed=1",
                           "synthetic,1",
                           "trace:1"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parsed(text), Contains("--values"));
  }
  CHECK_THROWS_WITH(parsed("synthtic:3"), Contains("did you mean 'synthetic'?"));
  CHECK_THROWS_WITH(parsed("traces"), Contains("did you mean 'trace'?"));
  CHECK_THROWS_WITH(parsed("synthetic:prun=0.5"), Contains("did you mean 'prune'?"));
  CHECK_THROWS_WITH(parsed("synthetic:abc"), Contains("expected a seed"));
}
