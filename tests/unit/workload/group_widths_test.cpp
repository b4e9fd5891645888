// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/group_widths.h"

#include <catch2/catch.hpp>

#include "sim/base/quantity.h"
#include "tests/support/values.h"
#include "tests/unit/synthetic/layers.h"

using namespace heddle;

TEST_CASE("the width of every group of 16 weights is that of its widest weight") {
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    auto layer = test::random_layer(random, "a", "image");
    layer.weight.source = "static";
    const auto& g = layer.geometry;
    const std::size_t kernel = std::size_t{g.kernel_height} * g.kernel_width;
    const workload::IntTensor weights{
        workload::weight_shape(layer),
        test::random_values(random, g.weights(), 12, layer.weight.rep.is_signed)};
    const auto widths = workload::detected_group_widths(layer, weights);
    const std::size_t bricks = ceil_div(std::size_t{g.channels}, std::size_t{16});
    REQUIRE(widths.size() == g.filters * kernel * bricks);
    std::vector<std::uint8_t> naive(widths.size(), 1);
    for (std::size_t w = 0; w < weights.values.size(); ++w) {
      const std::size_t filter = w / (g.channels * kernel);
      const std::size_t channel = w / kernel % g.channels;
      const std::size_t at = (filter * kernel + w % kernel) * bricks + channel / 16;
      std::uint8_t needed = layer.weight.rep.is_signed ? 1 : 0;
      for (std::int32_t x = weights.values[w]; x != 0 && x != -1; x >>= 1) ++needed;
      naive[at] = std::max(naive[at], needed);
    }
    CHECK(widths == naive);
  }
}
