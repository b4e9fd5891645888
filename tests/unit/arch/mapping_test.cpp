// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/mapping.h"

#include <catch2/catch.hpp>

#include "sim/pricing/rounds.h"

using namespace heddle;
using workload::Layer;
using workload::LoweredLayer;
using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

namespace {

Layer convolution(std::uint32_t channels, std::uint32_t filters, std::uint32_t groups) {
  Layer layer;
  layer.op = workload::Op::conv2d;
  auto& g = layer.geometry;
  g.channels = channels;
  g.filters = filters;
  g.groups = groups;
  g.height = g.out_height = 1;
  g.width = g.out_width = 6;
  g.kernel_height = g.kernel_width = 1;
  return layer;
}

// The pass and the window set of every round.
Pairs order(const Layer& layer, workload::Groups groups, arch::StepOrder step_order) {
  const LoweredLayer lowered = lower(layer, {.groups = groups});
  arch::Mapping mapping = map_layer(lowered, {.tiles = 2, .rows = 2, .columns = 4}, arch::Pallet::wrap);
  mapping.step_order = step_order;
  const arch::Block block = whole_layer(mapping);
  const pricing::Rounds rounds({.layer = layer, .lowered = lowered, .mapping = mapping, .group_widths = {}},
                               block);
  Pairs out;
  for (std::size_t i = 0; i < rounds.size(); ++i) out.emplace_back(rounds[i].pass, rounds[i].window_set);
  return out;
}

}  // namespace

TEST_CASE("step order: passes take turns on a window set, those of another group later") {
  const Layer layer = convolution(4, 12, 2);  // two passes per group, two window sets
  const auto sequential = workload::Groups::sequential;
  CHECK(order(layer, sequential, arch::StepOrder::passes_first) ==
        Pairs{{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {3, 0}, {3, 1}});
  CHECK(order(layer, sequential, arch::StepOrder::windows_first) ==
        Pairs{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {2, 0}, {3, 0}, {2, 1}, {3, 1}});
  // Groups that share the tiles have their passes in one run: three passes of two filter sets each.
  CHECK(order(layer, workload::Groups::parallel, arch::StepOrder::windows_first) ==
        Pairs{{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {2, 1}});
}

TEST_CASE("a depthwise layer's square has as many channels as filters at a time") {
  const Layer layer = convolution(10, 20, 10);
  const LoweredLayer bricks = lower(layer, {});
  CHECK(bricks.groups.size() == 1);
  CHECK(bricks.lanes_in_use() == 16);
  const LoweredLayer square = lower(layer, {.depthwise_square = 4});
  REQUIRE(square.groups.size() == 3);
  CHECK(square.lanes_in_use() == 4);
  CHECK(square.groups[2].first_channel == 8);
  CHECK(square.groups[2].channels == 2);
  CHECK(square.groups[2].filters == 4);
  // Two filters per channel: two sets of 4 filters per full square and one set for the last square, each on
  // one tile.
  const arch::Mapping mapping = map_layer(square, {.tiles = 2, .rows = 4, .columns = 4}, arch::Pallet::wrap);
  REQUIRE(mapping.passes.size() == 5);
  for (const auto& pass : mapping.passes) {
    REQUIRE(pass.size() == 1);
    CHECK(pass[0].filters == 4);
  }
  // Plain layers have no square.
  CHECK(lower(convolution(10, 20, 1), {.depthwise_square = 4}).lanes_in_use() == 16);
}
