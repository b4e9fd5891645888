// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

std::uint64_t cycles(const std::string& model_name, const config::Json& parameters,
                     const test::LayerCase& layer, const arch::MappingOptions& mapping = {}) {
  const auto model =
      test::make_accelerator(arch::find_model(models::catalogue(), model_name, "test"), parameters);
  const test::MappedCase mapped(layer, *model, mapping);
  const auto prepared = model->prepare(mapped.input());
  return model->price(mapped.input(), *prepared, arch::whole_layer(mapped.input().mapping)).compute.count();
}

// Two pixels of one 1 x 1 convolution with one brick: [pixel][channel].
test::LayerCase two_pixels(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b,
                           bool is_signed) {
  Random random(1, "pixels");
  test::LayerCase out =
      test::convolution(random, static_cast<std::uint32_t>(a.size()), 1, 1, 1, 16, 8, is_signed);
  out.layer.geometry.width = out.layer.geometry.out_width = 2;
  test::fill_values(out, random);
  for (std::size_t c = 0; c < a.size(); ++c) {
    out.activations.values[2 * c] = a[c];
    out.activations.values[2 * c + 1] = b[c];
  }
  return out;
}

config::Json small(std::uint32_t group_size, bool trim) {
  return {{"tiles", 1}, {"rows", 1}, {"columns", 2}, {"group_size", group_size}, {"trim_low", trim}};
}

// DNNsim's width of a brick (docs/rules/dnnsim.md#width), bit by bit.
unsigned dnnsim_width(const std::vector<std::int32_t>& brick, bool is_signed, bool minor_bit) {
  int top = -1;
  int low = 99;
  for (const std::int32_t x : brick) {
    const std::int32_t folded = x < 0 ? ~x : x;
    for (int bit = 0; bit < 17; ++bit) {
      if (((folded >> bit) & 1) == 0) continue;
      top = std::max(top, bit);
      low = std::min(low, bit);
    }
  }
  const int sign = is_signed ? 1 : 0;
  if (top < 0) return static_cast<unsigned>(1 + sign);
  return static_cast<unsigned>(top + sign - (minor_bit ? low : 0) + 1);
}

}  // namespace

// Unsigned: {4, 12} = 0100, 1100 needs bits 0..3: 4 cycles, or 2 without the two low zeros. {3} needs 2.
TEST_CASE("a step takes the widest group; trim_low leaves out the low zeros of a group") {
  const auto layer = two_pixels({4, 12}, {3, 0}, false);
  CHECK(cycles("dprs", small(16, false), layer) == 4);
  CHECK(cycles("dprs", small(16, true), layer) == 2);
  // One group of both pixels: bits 0..3, nothing to trim.
  CHECK(cycles("dprs", small(32, true), layer) == 4);
  auto even = small(16, false);
  even["bits_per_cycle"] = 2;
  CHECK(cycles("dprs", even, layer) == 2);
}

// Signed: -4 = ...100: folded 3, so hi = 1, s = 1, lo = 2: one bit. 0 costs one cycle.
TEST_CASE("a signed group counts its sign bit, and an all-zero group takes a cycle") {
  CHECK(cycles("dprs", small(16, false), two_pixels({-4}, {0}, true)) == 3);
  CHECK(cycles("dprs", small(16, true), two_pixels({-4}, {0}, true)) == 1);
  CHECK(cycles("dprs", small(16, true), two_pixels({0}, {0}, true)) == 1);
}

TEST_CASE("Stripes takes at least as long as groups of 256, and these at least as long as groups of 16") {
  for (std::uint64_t c = 0; c < 30; ++c) {
    Random random(c, "dprs order");
    const auto layer = test::random_case(random, {});
    const config::Json array{{"tiles", 1}, {"rows", 8}, {"columns", 16}};
    const auto with = [&](std::uint32_t group, bool trim, const config::Json& registers) {
      config::Json parameters = array;
      parameters["group_size"] = group;
      parameters["trim_low"] = trim;
      parameters["run_ahead_registers"] = registers;
      return cycles("dprs", parameters, layer);
    };
    INFO(layer.describe());
    // A pad code may be wider than the layer's precision asks for.
    if (layer.layer.activation.rep.pad_code == 0)
      CHECK(cycles("stripes", array, layer) >= with(256, false, 0));
    CHECK(with(256, false, 0) >= with(16, false, 0));
    CHECK(with(16, false, 0) >= with(16, true, 0));
    CHECK(with(16, true, 0) >= with(16, true, 1));
    CHECK(with(16, true, 1) >= with(16, true, "unlimited"));
  }
}

// 48 inputs on 1 row x 4 columns, 2 outputs: ceil(2/1) = 2 outputs per row, so 4/2 = 2 slices and ceil(3/2) =
// 2 steps. Bricks need 3, 5 and 2 bits, weights 4. The steps take max(5,4) + max(2,4) = 9 cycles, the first
// load 4 and the reduction log2(2) = 1, which are 14.
TEST_CASE("a cascade step takes the wider of activations and weights after the first weights are loaded") {
  Random random(1, "cascade");
  auto layer = test::fully_connected(random, 48, 2, 8, 4, false);
  std::fill(layer.activations.values.begin(), layer.activations.values.end(), 0);
  layer.activations.values[3] = 7;
  layer.activations.values[17] = 31;
  layer.activations.values[40] = 3;
  config::Json parameters{
      {"tiles", 1}, {"rows", 1}, {"columns", 4}, {"trim_low", false}, {"fully_connected", "cascade"}};
  CHECK(cycles("dprs", parameters, layer) == 14);
  // Round-robin: the bricks of both passes (1 row) take 3, 5, 2, 3 cycles on columns 0 to 3, where they start
  // at 0 to 3. The fifth takes 5 cycles on column 0 from 4, the sixth 2 on column 1 from 6. The last ends
  // at 9.
  parameters["fully_connected"] = "round_robin";
  CHECK(cycles("dprs", parameters, layer) == 9);
}

TEST_CASE("a group must consist of whole bricks that a tile's columns hold") {
  const auto& model = arch::find_model(models::catalogue(), "dprs", "test");
  CHECK_THROWS_AS(test::make_accelerator(model, {{"group_size", 24}}), Error);
  CHECK_THROWS_AS(test::make_accelerator(model, {{"columns", 8}, {"group_size", 256}}), Error);
  CHECK_THROWS_AS(test::make_accelerator(model, {{"width_rule", "dnnsim"}, {"fully_connected", "cascade"}}),
                  Error);
}

TEST_CASE(
    "a tensor is signed where any of its images is: an image without negative values has the sign's cycle "
    "too") {
  Random random(3, "signs");
  auto layer = test::convolution(random, 16, 2, 1, 1, 9, 8, true);
  for (auto& x : layer.activations.values) x = 5;  // bits 0 .. 2
  const auto& model = arch::find_model(models::catalogue(), "dprs", "test");
  const auto accelerator =
      test::make_accelerator(model, {{"columns", 4}, {"width_rule", "dnnsim"}, {"trim_low", false}});
  const test::MappedCase mapped(layer, *accelerator, {});
  arch::LayerInput input = mapped.input();
  const auto count = [&] {
    return accelerator->price(input, *accelerator->prepare(input), arch::whole_layer(input.mapping)).compute;
  };
  CHECK(accelerator->needs().tensor_signs);
  CHECK(count() == Cycles(3));
  input.has_negative_activations = true;
  CHECK(count() == Cycles(4));
}

TEST_CASE("DNNsim's ShapeShifter: the largest width over the columns, step by step") {
  for (std::uint64_t c = 0; c < 20; ++c) {
    Random random(c, "shapeshifter");
    const bool is_signed = random.chance(2);
    const auto layer = test::convolution(random, 32, 4, 5, 1, 9, 8, is_signed);
    const bool minor_bit = random.chance(2);
    const auto& values = layer.activations.values;  // [channel][y][x]
    const bool has_negative = std::any_of(values.begin(), values.end(), [](std::int32_t x) { return x < 0; });
    // 2 tiles of 2 rows for 5 filters: ceil(ceil(5/2)/2) = 2 passes; 16 windows down the columns, 4 at a
    // time.
    std::uint64_t expected = 0;
    for (std::size_t first = 0; first < 16; first += 4) {
      for (std::size_t brick = 0; brick < 2; ++brick) {
        unsigned widest = 0;
        for (std::size_t w = first; w < first + 4; ++w) {
          const std::size_t y = w % 4;
          const std::size_t x = w / 4;
          std::vector<std::int32_t> lanes;
          for (std::size_t lane = 0; lane < 16; ++lane)
            lanes.push_back(values[(brick * 16 + lane) * 16 + y * 4 + x]);
          widest = std::max(widest, dnnsim_width(lanes, has_negative, minor_bit));
        }
        expected += widest;
      }
    }
    arch::MappingOptions mapping;
    mapping.lowering.window_order = workload::WindowOrder::column_major;
    mapping.lowering.fold_order = workload::FoldOrder::xyc;
    const config::Json parameters{
        {"tiles", 2}, {"rows", 2}, {"columns", 4}, {"width_rule", "dnnsim"}, {"trim_low", minor_bit}};
    CHECK(cycles("dprs", parameters, layer, mapping) == 2 * expected);
  }
}

// Stripes with 8-bit units: 9-bit activations on pairs of columns, 12-bit weights on pairs of rows. 16
// windows on 4 / 2 columns: 8 sets; 5 filters on 2 tiles x 4 / 2 rows: 2 passes; 2 bricks; 8 cycles each.
TEST_CASE("DNNsim's Stripes composes narrow units of neighbouring columns and rows") {
  Random random(1, "stripes");
  const auto layer = test::convolution(random, 32, 4, 5, 1, 9, 12, true);
  CHECK(cycles("stripes", {{"tiles", 2}, {"rows", 4}, {"columns", 4}, {"pe_width", 8}}, layer) ==
        8 * 2 * 2 * 8);
}

// Two groups of one brick and one filter over two windows; group 0 needs 1 and 8 bits in its windows, group 1
// needs 8 and 1. On one tile the groups are two passes: a barrier takes 8 + 8 cycles; with a register each
// column works its 9 cycles through.
TEST_CASE("DPRS: columns run ahead from pass to pass where groups share the tiles") {
  std::vector<std::int32_t> first(32, 0);
  std::vector<std::int32_t> second(32, 0);
  first[0] = second[16] = 1;
  second[0] = first[16] = 255;
  auto layer = two_pixels(first, second, false);
  layer.layer.geometry.groups = layer.layer.geometry.filters = 2;
  layer.weights.shape = {2, 16, 1, 1};
  layer.weights.values.assign(32, 1);
  auto parameters = small(16, false);
  for (const auto groups : {workload::Groups::sequential, workload::Groups::parallel}) {
    arch::MappingOptions options;
    options.lowering.groups = groups;
    const auto with = [&](const config::Json& registers) {
      parameters["run_ahead_registers"] = registers;
      return cycles("dprs", parameters, layer, options);
    };
    CHECK(with(0) == 16);
    CHECK(with(1) == 9);
    CHECK(with("unlimited") == 9);
  }
}
