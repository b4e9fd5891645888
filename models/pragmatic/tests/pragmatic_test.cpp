// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

arch::Cost price(const config::Json& parameters, const test::LayerCase& layer,
                 const arch::MappingOptions& options = {}) {
  const auto model =
      test::make_accelerator(arch::find_model(models::catalogue(), "pragmatic", "test"), parameters);
  const test::MappedCase mapped(layer, *model, options);
  const auto prepared = model->prepare(mapped.input());
  return model->price(mapped.input(), *prepared, arch::whole_layer(mapped.input().mapping));
}

std::uint64_t cycles(const config::Json& parameters, const test::LayerCase& layer) {
  return price(parameters, layer).compute.count();
}

// A 1 x 1 convolution over `width` pixels of `channels` channels, values [pixel][channel].
test::LayerCase row_of_pixels(const std::vector<std::vector<std::int32_t>>& pixels, std::uint32_t filters) {
  Random random(1, "pixels");
  const auto channels = static_cast<std::uint32_t>(pixels.front().size());
  test::LayerCase out = test::convolution(random, channels, 1, filters, 1, 16, 8, false);
  out.layer.geometry.width = out.layer.geometry.out_width = static_cast<std::uint32_t>(pixels.size());
  test::fill_values(out, random);
  for (std::size_t p = 0; p < pixels.size(); ++p) {
    for (std::size_t c = 0; c < channels; ++c) out.activations.values[c * pixels.size() + p] = pixels[p][c];
  }
  return out;
}

}  // namespace

// Exponents [1,6,7], [0,7], [4,8,9] with L = 2 (docs/rules.md#shifter): m = 0 takes the heads 0 and 1 (reach
// 0..3); m = 4 takes 4 and 6 (4..7) and 7; m = 7 takes 7 and 8 (7..10); m = 9 takes 9.
TEST_CASE(
    "three lanes with exponents 1,6,7 and 0,7 and 4,8,9 take four cycles behind a two-bit first stage") {
  const auto layer = row_of_pixels(
      {{(1 << 1) + (1 << 6) + (1 << 7), (1 << 0) + (1 << 7), (1 << 4) + (1 << 8) + (1 << 9)}}, 1);
  const config::Json small{{"tiles", 1}, {"rows", 1}, {"columns", 1}, {"encoder", "raw"}};
  auto with_stage = [&](int bits) {
    config::Json parameters = small;
    parameters["first_stage_bits"] = bits;
    return cycles(parameters, layer);
  };
  CHECK(with_stage(2) == 4);
  CHECK(with_stage(4) == 3);  // the most terms of a lane
  CHECK(with_stage(0) == 7);  // distinct exponents 0, 1, 4, 6, 7, 8, 9
}

// Columns need (2,5), (4,2), (4,2) cycles in three steps: a barrier takes 5+4+4, one register 10.
TEST_CASE("two columns over three steps take 13, 10 and 10 cycles with 0, 1 and unlimited registers") {
  // Three bricks of 16 channels; n low bits set need n cycles in one lane.
  std::vector<std::vector<std::int32_t>> pixels(2, std::vector<std::int32_t>(48, 0));
  const int counts[3][2] = {{2, 5}, {4, 2}, {4, 2}};
  for (std::size_t step = 0; step < 3; ++step) {
    for (std::size_t column = 0; column < 2; ++column)
      pixels[column][16 * step] = (1 << counts[step][column]) - 1;
  }
  const auto layer = row_of_pixels(pixels, 1);
  config::Json parameters{{"tiles", 1}, {"rows", 1}, {"columns", 2}, {"encoder", "raw"}};
  parameters["run_ahead_registers"] = 0;
  CHECK(cycles(parameters, layer) == 13);
  parameters["run_ahead_registers"] = 1;
  CHECK(cycles(parameters, layer) == 10);
  parameters["run_ahead_registers"] = "unlimited";
  CHECK(cycles(parameters, layer) == 10);
  // Terms: 2+5+4+2+4+2 = 19. With one filter the products are as many.
  const auto cost = price(parameters, layer);
  CHECK(cost.events[2] == 19);
  CHECK(cost.events[3] == 19);
}

// Two groups of one brick and one filter over two windows. Group 0 has 1 and 8 set bits in its windows, group
// 1 has 8 and 1. On one tile the groups are two passes: a barrier takes 8 + 8 cycles; with a register a
// column goes on to the next pass when it has ended, and each column has 9 cycles of work.
TEST_CASE("columns run ahead from pass to pass where groups share the tiles") {
  std::vector<std::vector<std::int32_t>> pixels(2, std::vector<std::int32_t>(32, 0));
  pixels[0][0] = pixels[1][16] = 1;
  pixels[1][0] = pixels[0][16] = 255;
  auto layer = row_of_pixels(pixels, 2);
  layer.layer.geometry.groups = 2;
  layer.weights.shape = {2, 16, 1, 1};
  layer.weights.values.assign(32, 1);
  config::Json parameters{{"tiles", 1}, {"rows", 1}, {"columns", 2}, {"encoder", "raw"}};
  for (const auto groups : {workload::Groups::sequential, workload::Groups::parallel}) {
    arch::MappingOptions options;
    options.lowering.groups = groups;
    const auto with = [&](const config::Json& registers) {
      parameters["run_ahead_registers"] = registers;
      return price(parameters, layer, options).compute.count();
    };
    CHECK(with(0) == 16);
    CHECK(with(1) == 9);
    CHECK(with("unlimited") == 9);
  }
}

TEST_CASE("more registers and, with a full first stage, shorter recodings never take longer") {
  for (std::uint64_t c = 0; c < 30; ++c) {
    Random random(c, "pragmatic order");
    // Below 16 bits a four-bit first stage reaches every exponent.
    const auto layer = test::random_case(random, {.widest_bits = 15});
    config::Json parameters{{"tiles", 1}, {"rows", 8}, {"columns", 4}, {"first_stage_bits", 2}};
    const auto with = [&](const char* key, const config::Json& value) {
      config::Json changed = parameters;
      changed[key] = value;
      return cycles(changed, layer);
    };
    INFO(layer.describe());
    CHECK(with("run_ahead_registers", 0) >= with("run_ahead_registers", 1));
    CHECK(with("run_ahead_registers", 1) >= with("run_ahead_registers", "unlimited"));
    parameters["first_stage_bits"] = 4;
    CHECK(with("encoder", "raw") >= with("encoder", "ioe"));
    CHECK(with("encoder", "ioe") >= with("encoder", "naf"));
  }
}
