// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/sign_rules.h"

#include <catch2/catch.hpp>

#include "tests/unit/synthetic/layers.h"

namespace {

using namespace heddle;
using synthetic::Sign;
using synthetic::SignRules;
using workload::Op;

}  // namespace

TEST_CASE("values behind a ReLU are positive, and stay so through what keeps signs") {
  auto first = test::conv("first", "image", 3, 16);
  auto second = test::conv("second", "first", 16, 14);
  first.post = {"relu"};
  const SignRules rules(test::network(
      {first, second, test::other("pool", Op::maxpool, {"first"}), test::other("flat", Op::reshape, {"pool"}),
       test::other("sum", Op::add, {"flat", "first"}), test::other("mixed", Op::add, {"first", "second"}),
       test::other("crop", Op::slice, {"image"}), test::other("both", Op::concat, {"first", "crop"}),
       test::other("scores", Op::softmax, {"second"}), test::other("normal", Op::norm, {"first"}),
       test::other("unknown", Op::activation, {"first"})}));
  CHECK_FALSE(rules.assumes_relu());
  CHECK(rules.of("image") == Sign::image);
  CHECK(rules.of("crop") == Sign::image);
  for (const char* name : {"first", "pool", "flat", "sum", "scores"}) CHECK(rules.of(name) == Sign::positive);
  for (const char* name : {"second", "mixed", "both", "normal", "unknown"})
    CHECK(rules.of(name) == Sign::any);
}

TEST_CASE("a network without any function is taken to have a ReLU behind every array layer") {
  const SignRules rules(
      test::network({test::conv("first", "image", 3, 16), test::other("response", Op::norm, {"first"}),
                     test::other("pool", Op::avgpool, {"response"})}));
  CHECK(rules.assumes_relu());
  CHECK(rules.of("image") == Sign::image);
  for (const char* name : {"first", "response", "pool"}) CHECK(rules.of(name) == Sign::positive);
}
