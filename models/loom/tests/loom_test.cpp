// SPDX-License-Identifier: Apache-2.0
#include "models/loom/loom.h"

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/arch/layer_data.h"
#include "sim/base/error.h"
#include "sim/trace/trace.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

std::unique_ptr<arch::Accelerator> loom(const config::Json& parameters) {
  for (const auto& model : models::catalogue()) {
    if (model.name == "loom") return test::make_accelerator(model, parameters);
  }
  throw std::logic_error("no Loom in the catalogue");
}

arch::Cost cost_of(const arch::Accelerator& accelerator, const arch::LayerInput& input) {
  return accelerator.price(input, *accelerator.prepare(input), arch::whole_layer(input.mapping));
}

std::uint64_t cycles(const config::Json& parameters, const test::LayerCase& layer) {
  const auto accelerator = loom(parameters);
  return cost_of(*accelerator, test::MappedCase(layer, *accelerator, {}).input()).compute.count();
}

// One step: a 1 x 1 kernel over two windows of 16 channels, two filters; Pa = 6, Pw = 7, unsigned
// activations, signed weights. Window 0 holds a 5 (3 bits), window 1 a 1; filter 0 holds a -4 (3 bits with
// the sign), filter 1 a 12 (5 bits).
test::LayerCase one_step() {
  Random random(1, "loom");
  auto layer = test::convolution(random, 16, 1, 2, 1, 6, 7, false);
  layer.layer.geometry.width = layer.layer.geometry.out_width = 2;
  layer.activations.values.assign(32, 0);
  layer.activations.values[2 * 3] = 5;      // channel 3, window 0
  layer.activations.values[2 * 7 + 1] = 1;  // channel 7, window 1
  layer.weights.values.assign(32, 0);
  layer.weights.values[0] = -4;
  layer.weights.values[16 + 9] = 12;
  return layer;
}

}  // namespace

TEST_CASE("Loom: the average of equal widths is their maximum, whatever the layer's size") {
  // 8,192 rows of 8,192 inputs and 28,672 outputs: bit steps times the sum of all group widths exceed 64
  // bits.
  test::LayerCase layer = one_step();
  auto& shape = layer.layer.geometry;
  layer.layer.op = workload::Op::linear;
  shape = {};
  shape.channels = 8192;
  shape.height = shape.out_height = 1;
  shape.width = shape.out_width = 8192;
  shape.filters = 28672;
  layer.layer.precision.weight_bits = 15;
  const auto lowered = workload::lower(layer.layer, {});
  const auto cost = [&](const char* sync) {
    const auto accelerator = loom({{"weight_precision", "group"}, {"weight_sync", sync}});
    const auto mapping = accelerator->map(lowered, arch::Pallet::wrap);
    const arch::LayerInput input{
        layer.layer, lowered, mapping,
        nullptr,     nullptr, std::vector<std::uint8_t>(std::size_t{shape.filters} * mapping.steps, 15)};
    return cost_of(*accelerator, input);
  };
  const arch::Cost mean = cost("mean");
  const arch::Cost maximum = cost("maximum");
  CHECK(mean.compute == maximum.compute);
  CHECK(mean.lanes.effective == maximum.lanes.effective);
  CHECK(mean.lanes.edge == maximum.lanes.edge);
}

TEST_CASE("Loom: a static convolution takes sets x steps x passes x bit steps x weight bits") {
  Random random(2, "loom");
  // 4 x 4 = 16 windows, 3 x 3 x ceil(20/16) = 18 steps.
  const auto layer = test::convolution(random, 20, 6, 10, 3, 5, 7, true);
  CHECK(cycles({{"rows", 8}, {"columns", 4}}, layer) == 4 * 18 * 2 * (5 * 7));
  CHECK(cycles({{"rows", 8}, {"bits_per_cycle", 2}}, layer) == 2 * 18 * 2 * (3 * 7));  // 16/2 = 8 columns
  CHECK(cycles({{"rows", 16}, {"bits_per_cycle", 4}}, layer) == 4 * 18 * 1 * (2 * 7));
  CHECK(cycles({{"rows", 4}, {"columns", 16}, {"tiles", 2}}, layer) == 1 * 18 * 2 * (5 * 7));
}

TEST_CASE("Loom: fully connected columns hold different outputs, or slices of one") {
  Random random(3, "loom");
  const config::Json grid{{"rows", 4}, {"columns", 8}};
  // 100 inputs are 7 bricks; a weight bit is held max(8, 16/1) = 16 cycles; the last column starts 7 late.
  const auto layer = [&](std::uint32_t outputs) {
    return test::fully_connected(random, 100, outputs, 9, 6, false);
  };
  CHECK(cycles(grid, layer(3)) == 1 * 16 * 6 + 7);       // one output per row, 8 slices: one brick each
  CHECK(cycles(grid, layer(10)) == 4 * 16 * 6 + 7);      // three per row, 2 slices: ceil(7/2) bricks each
  CHECK(cycles(grid, layer(17)) == 7 * 16 * 6 + 7);      // five per row: no slices
  CHECK(cycles(grid, layer(32)) == 7 * 16 * 6 + 7);      // all columns full
  CHECK(cycles(grid, layer(33)) == 7 * 2 * 16 * 6 + 7);  // a second pass
  // Four bits per cycle: max(4, 16/4) = 4 cycles per weight bit; 10 outputs are three per row, no slices.
  CHECK(cycles({{"rows", 4}, {"bits_per_cycle", 4}}, layer(10)) == 7 * 4 * 6 + 3);
  // An 8-bit build on 16 columns: max(16, 8) = 16: the columns take turns on the row's weight bits.
  CHECK(cycles({{"rows", 4}, {"container_bits", 8}}, test::fully_connected(random, 100, 64, 8, 6, false)) ==
        7 * 16 * 6 + 15);
}

TEST_CASE("Loom: wide values are cut into subwords for narrow units, which work in parallel") {
  Random random(5, "loom");
  // 16 windows, 9 steps, 8 filters; 10 bits over 3 columns of 4-bit units, 7 bits over 2 rows.
  const auto layer = test::convolution(random, 16, 6, 8, 3, 10, 7, true);
  const config::Json narrow{
      {"rows", 8}, {"columns", 12}, {"pe_width", 4}, {"fully_connected", "round_robin"}};
  CHECK(cycles(narrow, layer) == 4 * 9 * 2 * (4 * 4));  // 4 windows x 4 filters at once
  CHECK_THROWS_WITH(loom({{"pe_width", 4}}), Catch::Contains("round_robin"));
  CHECK_THROWS_WITH(
      cycles({{"rows", 8}, {"columns", 2}, {"pe_width", 4}, {"fully_connected", "round_robin"}}, layer),
      Catch::Contains("cannot compose"));
}

TEST_CASE("Loom: groups of a fully connected layer are layers of their own") {
  Random random(4, "loom");
  auto layer = test::fully_connected(random, 64, 8, 4, 3, false);
  layer.layer.geometry.groups = 2;
  test::fill_values(layer, random);
  // Twice: 32 inputs are 2 bricks, 4 outputs on 4 rows are 1 per row, 8 slices, 1 step.
  CHECK(cycles({{"rows", 4}, {"columns", 8}}, layer) == 2 * (1 * 16 * 3 + 7));
}

TEST_CASE("Loom: a dynamic step streams the widest activation of all its windows") {
  const auto layer = one_step();
  CHECK(cycles({{"rows", 2}, {"columns", 2}}, layer) == 6 * 7);
  CHECK(cycles({{"rows", 2}, {"columns", 2}, {"activation_width", "dynamic"}}, layer) == 3 * 7);
  CHECK(cycles({{"rows", 2}, {"columns", 1}, {"activation_width", "dynamic"}}, layer) == 3 * 7 + 1 * 7);
  CHECK(cycles({{"rows", 2}, {"columns", 2}, {"activation_width", "dynamic"}, {"bits_per_cycle", 2}},
               layer) == 2 * 7);
}

TEST_CASE("Loom: a step takes the widest weight group that it uses, or the layer's average") {
  const auto layer = one_step();
  const auto parameters = [](unsigned rows, const char* sync) {
    return config::Json{{"rows", rows}, {"columns", 2}, {"weight_precision", "group"}, {"weight_sync", sync}};
  };
  CHECK(cycles(parameters(2, "maximum"), layer) == 6 * 5);
  CHECK(cycles(parameters(1, "maximum"), layer) == 6 * 3 + 6 * 5);
  CHECK(cycles(parameters(2, "mean"), layer) == 6 * 4);

  // An average that is not whole is rounded up once per pass.
  auto odd = layer;
  odd.layer.precision.activation_bits = 5;
  const auto accelerator = loom(parameters(2, "mean"));
  const test::MappedCase mapped(odd, *accelerator, {});
  arch::LayerInput input = mapped.input();
  input.group_widths = {3, 4};  // 5 * 7 / 2 = 17.5
  CHECK(cost_of(*accelerator, input).compute == Cycles(18));

  auto made_at_run_time = layer;
  made_at_run_time.layer.weight.source = "another layer";
  CHECK(cycles(parameters(2, "maximum"), made_at_run_time) == 6 * 7);
}

TEST_CASE("Loom: widths of weight groups are metadata, four bits per group of a 16-bit container") {
  const auto layer = one_step();
  const auto accelerator = loom({{"rows", 2}, {"weight_precision", "group"}});
  const test::MappedCase mapped(layer, *accelerator, {});
  CHECK(accelerator->weight_metadata(mapped.input(), *accelerator->prepare(mapped.input())) == Bits(2 * 4));
  const auto fixed = loom({{"rows", 2}});
  CHECK(fixed->weight_metadata(mapped.input(), *fixed->prepare(mapped.input())) == Bits(0));
}

// The layers that keep the layer's Pw: widths that the trace states for them must change nothing.
TEST_CASE("Loom: widths that a layer does not use change no count") {
  const config::Json group{{"rows", 2}, {"columns", 2}, {"weight_precision", "group"}};
  auto made_at_run_time = one_step();
  made_at_run_time.layer.weight.source = "another layer";
  Random random(2, "unused widths");
  const auto in_a_cascade = test::fully_connected(random, 40, 5, 6, 7, false);
  for (const auto& layer : {made_at_run_time, in_a_cascade}) {
    const auto accelerator = loom(group);
    const test::MappedCase mapped(layer, *accelerator, {});
    arch::LayerInput without = mapped.input();
    without.group_widths.clear();
    REQUIRE(!mapped.input().group_widths.empty());
    CHECK(cost_of(*accelerator, mapped.input()) == cost_of(*accelerator, without));
    CHECK(accelerator->weight_metadata(mapped.input(), *accelerator->prepare(mapped.input())) == Bits(0));
    CHECK(cost_of(*accelerator, without) == cost_of(*loom({{"rows", 2}, {"columns", 2}}), without));
  }
}

TEST_CASE("Loom: the lane budget of a step, by hand") {
  const auto layer = one_step();
  const auto accelerator =
      loom({{"rows", 4}, {"columns", 2}, {"activation_width", "dynamic"}, {"weight_precision", "group"}});
  const test::MappedCase mapped(layer, *accelerator, {});
  const arch::Cost cost = cost_of(*accelerator, mapped.input());
  CHECK(cost.compute == Cycles(3 * 5));
  // Windows need 3 and 1 bit steps, filters 3 and 5 bits: (3 + 1) * (3 + 5) of 2 windows x 2 filters x 15
  // cycles.
  CHECK(cost.lanes.effective == LaneCycles(4 * 8 * 16));
  CHECK(cost.lanes.synchronisation == LaneCycles((2 * 2 * 15 - 4 * 8) * 16));
  CHECK(cost.lanes.edge == LaneCycles(2 * 2 * 15 * 16));  // two rows without a filter
  CHECK(cost.events[0] == 1);
  CHECK(cost.events[1] == 5);
  CHECK(cost.events[2] == 3);
  CHECK(cost.activation_read ==
        Bits(2 * 16 * 3 * 5));  // both windows stream 3 bits for each of 5 weight bits
  CHECK(cost.weight_read == Bits(16 * (3 + 5)));
}

TEST_CASE("Loom: the average is an estimate that no array runs") {
  const auto check = [](const char* sync) { loom({{"weight_sync", sync}})->require_bit_true(); };
  CHECK_NOTHROW(check("maximum"));
  CHECK_THROWS_WITH(check("mean"), Catch::Contains("cannot run bit-true"));
}

// The worked example of models/loom/README.md: the numbers there were added up by hand.
TEST_CASE("Loom: the README's layers of the digits trace") {
  const trace::Trace trace(std::string(HEDDLE_SOURCE_DIR) + "/traces/digits-16b.trace");
  const auto priced = [&](const std::string& id, const config::Json& parameters) {
    const auto accelerator = loom(parameters);
    for (const auto& layer : trace.network().layers) {
      if (layer.id != id) continue;
      const arch::LayerData data(trace, layer, 0, *accelerator, {});
      return cost_of(*accelerator, data.input()).compute.count();
    }
    throw std::logic_error("no layer " + id);
  };
  CHECK(priced("conv3", config::Json::object()) == 864);
  CHECK(priced("conv3", {{"activation_width", "dynamic"}}) == 660);
  CHECK(priced("conv3", {{"weight_precision", "group"}}) == 792);
  CHECK(priced("conv3", {{"activation_width", "dynamic"}, {"weight_precision", "group"}}) == 606);
  CHECK(priced("conv3",
               {{"activation_width", "dynamic"}, {"weight_precision", "group"}, {"weight_sync", "mean"}}) ==
        481);
  CHECK(priced("fc1", config::Json::object()) == 175);
  CHECK(priced("fc1", {{"bits_per_cycle", 4}}) == 103);
}
