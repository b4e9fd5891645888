// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

std::unique_ptr<arch::Accelerator> make(const std::string& name, const config::Json& parameters) {
  for (const auto& model : models::catalogue()) {
    if (model.name == name) return test::make_accelerator(model, parameters);
  }
  throw std::logic_error("not in the catalogue: " + name);
}

arch::Cost cost(const std::string& model, const config::Json& parameters, const test::LayerCase& layer) {
  const auto accelerator = make(model, parameters);
  const test::MappedCase mapped(layer, *accelerator, {});
  const auto& input = mapped.input();
  return accelerator->price(input, *accelerator->prepare(input), arch::whole_layer(input.mapping));
}

std::uint64_t cycles(const config::Json& parameters, const test::LayerCase& layer) {
  return cost("tartan", parameters, layer).compute.count();
}

}  // namespace

TEST_CASE(
    "Tartan: a fully connected brick takes the wider precision; first weights and reduction come on top") {
  Random random(1, "tartan");
  const config::Json array{{"tiles", 2}, {"rows", 4}, {"columns", 8}};  // 8 rows, 64 outputs at once
  const auto layer = [&](std::uint32_t outputs, unsigned pa, unsigned pw) {
    return test::fully_connected(random, 100, outputs, pa, pw, false);
  };
  // 100 inputs are 7 bricks. 8 outputs, one per row: 8 slices, one brick each, 3 stages of reduction.
  CHECK(cycles(array, layer(8, 9, 6)) == 1 * 9 + 6 + 3);
  // 20 outputs, three per row: 2 slices of ceil(7/2) bricks, one stage.
  CHECK(cycles(array, layer(20, 9, 6)) == 4 * 9 + 6 + 1);
  CHECK(cycles(array, layer(20, 6, 9)) == 4 * 9 + 9 + 1);  // loading takes longer
  CHECK(cycles(array, layer(64, 9, 6)) == 7 * 9 + 6);      // all columns full
  CHECK(cycles(array, layer(65, 9, 6)) == 7 * 2 * 9 + 6);  // a second pass; weights of it load meanwhile
  // Two bits per cycle: ceil(9/2) = 5 per brick, ceil(6/2) = 3 for the first load.
  CHECK(cycles({{"tiles", 2}, {"rows", 4}, {"columns", 4}, {"bits_per_cycle", 2}}, layer(32, 9, 6)) ==
        7 * 5 + 3);
}

TEST_CASE("Tartan: AlexNet's last layer on the published array") {
  Random random(2, "tartan");
  // 4096 inputs are 256 bricks; 1000 outputs on 256 rows are 4 per row, 4 slices of 64 bricks; 9 bits.
  CHECK(cycles(config::Json::object(), test::fully_connected(random, 4096, 1000, 9, 9, false)) ==
        64 * 9 + 9 + 2);
}

TEST_CASE("Tartan: the lane budget of a fully connected layer, by hand") {
  Random random(3, "tartan");
  // One row of 4 columns, one output of 2.5 bricks: 4 slices, one step of 5 bits, load 3, 2 stages.
  const auto result = cost("tartan", {{"tiles", 1}, {"rows", 1}, {"columns", 4}},
                           test::fully_connected(random, 40, 1, 5, 3, false));
  CHECK(result.compute == Cycles(5 + 3 + 2));
  CHECK(result.lanes.effective == LaneCycles(40 * 5));
  CHECK(result.lanes.synchronisation == LaneCycles(0));
  CHECK(result.lanes.fill == LaneCycles(5 * 4 * 16));
  CHECK(result.lanes.edge == LaneCycles((4 * 16 - 40) * 5));
}

TEST_CASE("Tartan: convolutions take what Stripes takes") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed, "tartan and stripes");
    const auto layer = test::random_case(random, {});
    if (layer.layer.is_fully_connected()) continue;
    for (const char* fetch : {"ideal", "rows"}) {
      const config::Json parameters{
          {"tiles", 2}, {"rows", 4}, {"columns", 8}, {"bits_per_cycle", 2}, {"activation_fetch", fetch}};
      INFO(layer.describe());
      const arch::Cost tartan = cost("tartan", parameters, layer);
      CHECK(tartan == cost("stripes", parameters, layer));
    }
  }
}
