// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;
using config::Json;

std::uint64_t cycles(const Json& parameters, const test::LayerCase& layer) {
  const auto accelerator =
      test::make_accelerator(arch::find_model(models::catalogue(), "tactical", "test"), parameters);
  const test::MappedCase mapped(layer, *accelerator, {});
  const auto& input = mapped.input();
  return accelerator->price(input, *accelerator->prepare(input), arch::whole_layer(input.mapping))
      .compute.count();
}

// A product of one row and one output over three columns; the only weight that is not zero is in lane 0 of
// the first.
test::LayerCase one_weight() {
  Random random(1, "run-time weights");
  auto out = test::fully_connected(random, 48, 1, 8, 16, false);
  out.layer.op = workload::Op::matmul;
  out.layer.weight.source = "another layer";
  std::fill(out.weights.values.begin(), out.weights.values.end(), 0);
  std::fill(out.activations.values.begin(), out.activations.values.end(), 0);
  out.weights.values[0] = 1;
  return out;
}

}  // namespace

// Zeros are found when weights are loaded, so the gate needs no packing ahead of time; every column stays.
TEST_CASE("zeros among weights that are made at run time are gated but not packed") {
  for (const char* pattern : {"T<2,5>", "L<8,1>", "X<inf,15>"}) {
    for (const char* detection : {"column", "row"}) {
      auto layer = one_weight();
      layer.activations.values[0] = 1;    // against the only weight
      layer.activations.values[1] = 255;  // against a zero
      layer.activations.values[40] = 12;  // in the last column, against a zero
      Json parameters{{"tiles", 1}, {"columns", 1}, {"pattern", pattern}, {"detection", detection}};
      parameters["back_end"] = "precision";
      CHECK(cycles(parameters, layer) == 8 + 1 + 2);  // bits 0 to 7; nothing; bits 2 and 3
      parameters["gate_zero_slots"] = true;
      CHECK(cycles(parameters, layer) == 1 + 1 + 1);
      parameters["back_end"] = "terms";
      parameters["encoder"] = "raw";
      parameters["first_stage_bits"] = 4;
      CHECK(cycles(parameters, layer) == 1 + 1 + 1);
      parameters["gate_zero_slots"] = false;
      CHECK(cycles(parameters, layer) == 8 + 1 + 2);
    }
  }
}
