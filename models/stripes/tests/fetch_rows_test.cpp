// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

std::uint64_t cycles(const std::string& model, const config::Json& parameters, const test::LayerCase& layer,
                     const arch::MappingOptions& options) {
  const auto accelerator =
      test::make_accelerator(arch::find_model(models::catalogue(), model, "test"), parameters);
  const test::MappedCase mapped(layer, *accelerator, options);
  const auto& input = mapped.input();
  return accelerator->price(input, *accelerator->prepare(input), arch::whole_layer(input.mapping))
      .compute.count();
}

arch::MappingOptions options_of(workload::Groups groups) {
  arch::MappingOptions out;
  out.lowering.groups = groups;
  return out;
}

// 16 windows in a row, a 1 x 1 kernel, activations of one bit.
test::LayerCase row(std::uint32_t channels, std::uint32_t groups, std::uint32_t filters) {
  Random random(1, "rows");
  auto out = test::convolution(random, channels, 1, filters, 1, 1, 2, false);
  auto& g = out.layer.geometry;
  g.width = g.out_width = 16;
  g.groups = groups;
  test::fill_values(out, random);
  return out;
}

// Channels that a filter set reads.
struct Channels {
  std::uint32_t first, count;
};

// The channels of each filter set of each pass on 2 tiles of 4 rows, written from docs/rules.md#groups and
// #depthwise.
std::vector<std::vector<Channels>> passes_of(const workload::Geometry& g, bool is_parallel) {
  const bool is_depthwise = g.groups == g.channels && g.groups > 1;
  const std::uint32_t runs = is_depthwise ? (g.channels + 15) / 16 : g.groups;
  std::vector<std::vector<Channels>> passes;
  for (std::uint32_t run = 0; run < runs; ++run) {
    Channels read{run * (g.channels / g.groups), g.channels / g.groups};
    if (is_depthwise) read = {16 * run, std::min(16U, g.channels - 16 * run)};
    const std::uint32_t filters = g.filters / g.groups * (is_depthwise ? read.count : 1);
    for (std::uint32_t set = 0; set < (filters + 3) / 4; ++set) {
      // A tile is free in the last pass: of the same run, or of any where runs share the tiles.
      const bool may_join = !is_depthwise && (set > 0 || (is_parallel && run > 0));
      if (!may_join || passes.back().size() == 2) passes.emplace_back();
      passes.back().push_back(read);
    }
  }
  return passes;
}

// Rows of 256 activations that hold a channel which the filter sets read at windows [first, last).
std::size_t rows_touched(const workload::Geometry& g, const std::vector<Channels>& pass, std::uint32_t first,
                         std::uint32_t last, std::uint32_t ky, std::uint32_t kx, std::uint32_t brick) {
  std::set<std::uint64_t> rows;
  for (std::uint32_t w = first; w < last; ++w) {
    const std::uint64_t y = w / g.out_width * g.stride_y + ky * g.dilation_y;
    const std::uint64_t x = w % g.out_width * g.stride_x + kx * g.dilation_x;
    const std::uint64_t position = y * (g.width + g.pad_left + g.pad_right) + x;
    for (const Channels& read : pass) {
      for (std::uint32_t i = 16 * brick; i < std::min(16 * brick + 16, read.count); ++i)
        rows.insert((position * ((g.channels + 15) / 16 * 16) + read.first + i) / 256);
    }
  }
  return rows.size();
}

std::uint64_t expected_cycles(const workload::Layer& layer, bool is_parallel) {
  const workload::Geometry& g = layer.geometry;
  const std::uint32_t windows = g.out_height * g.out_width;
  std::uint64_t sum = 0;
  for (const auto& pass : passes_of(g, is_parallel)) {
    for (std::uint32_t w = 0; w < windows; w += 4) {
      for (std::uint32_t k = 0; k < g.kernel_height * g.kernel_width; ++k) {
        for (std::uint32_t brick = 0; 16 * brick < pass.front().count; ++brick) {
          const std::size_t rows = rows_touched(g, pass, w, std::min(w + 4, windows), k / g.kernel_width,
                                                k % g.kernel_width, brick);
          sum += std::max<std::uint64_t>(layer.precision.activation_bits, rows);
        }
      }
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("Activation fetch: a memory row holds all channels of the input, whatever group a step reads") {
  for (const std::string model : {"stripes", "tartan"}) {
    const config::Json parameters{{"tiles", 1}, {"rows", 16}, {"columns", 16}, {"activation_fetch", "rows"}};
    const auto sequential = options_of(workload::Groups::sequential);
    // 64 channels are 4 bricks, a row of 16 bricks holds 4 positions: 16 windows touch 4 rows at any brick.
    // The plain layer has 4 steps, the others 4 groups of one step.
    CHECK(cycles(model, parameters, row(64, 1, 16), sequential) == 4 * 4);
    CHECK(cycles(model, parameters, row(64, 4, 16), sequential) == 4 * 4);
    CHECK(cycles(model, parameters, row(64, 64, 64), sequential) == 4 * 4);
    // 512 channels are 32 bricks, two rows per position. Each of two groups touches one of them in each
    // window.
    CHECK(cycles(model, parameters, row(512, 2, 2), sequential) == 2 * 16 * 16);
    // In one pass both groups are fed: 32 rows in each of 16 steps.
    auto two_tiles = parameters;
    two_tiles["tiles"] = 2;
    CHECK(cycles(model, two_tiles, row(512, 2, 2), options_of(workload::Groups::parallel)) == 16 * 32);
    // 40 channels are 3 bricks; positions begin at bricks 0, 3, .., 45. Group 0 reads channels 0 to 15, then
    // 16 to 19; group 1 reads 20 to 35, which lie in two bricks, then 36 to 39. All lie in rows 0, 1 and 2.
    CHECK(cycles(model, parameters, row(40, 2, 2), sequential) == 4 * 3);
  }
}

TEST_CASE("Activation fetch: random layers with groups equal the rule, channel by channel") {
  std::size_t layers = 0;
  for (std::uint64_t c = 0; c < 600; ++c) {
    Random random(c, "fetch rows");
    const auto layer = test::random_case(random, {.widest_bits = 4});
    if (layer.layer.op != workload::Op::conv2d || layer.layer.geometry.groups == 1) continue;
    const bool is_parallel = random.chance(2);
    const auto options = options_of(is_parallel ? workload::Groups::parallel : workload::Groups::sequential);
    INFO(layer.describe() << (is_parallel ? ", parallel" : ""));
    CHECK(cycles(random.chance(2) ? "stripes" : "tartan",
                 {{"tiles", 2}, {"rows", 4}, {"columns", 4}, {"activation_fetch", "rows"}}, layer,
                 options) == expected_cycles(layer.layer, is_parallel));
    ++layers;
  }
  CHECK(layers > 50);
}
