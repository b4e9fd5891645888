// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/papers/six_networks.h"

namespace {
using namespace heddle;
}

// Static precisions, convolutions and fully connected layers together, against a baseline of the same 128
// multiply-accumulates per cycle. Shapes and profiles only.
TEST_CASE("static Loom gains 2.278 over DPNN on all layers of the six networks") {
  CHECK(test::geometric_mean_speedup("loom_dac18/dpnn", "loom_dac18/loom_1b", "100", test::everything) ==
        Approx(2.278).margin(0.005));
}

TEST_CASE("two layers by hand: AlexNet conv3 and fc6 on DPNN and Loom") {
  const auto named = [](const char* id) {
    return [id](const workload::Layer& layer) { return layer.id == id; };
  };
  // 169 windows, 3 x 3 x ceil(256/16) = 144 steps, 384 filters on 8 and on 128 rows; Pa = 5, Pw = 11.
  CHECK(test::paper_cycles("loom_dac18/dpnn", "alexnet-100", named("conv3")) == 169 * 144 * 48);
  CHECK(test::paper_cycles("loom_dac18/loom_1b", "alexnet-100", named("conv3")) == 11 * 144 * 3 * 5 * 11);
  // 9216 inputs are 576 bricks; 4096 outputs are more than 128 x 16 = 2048, so no slices and 2 passes;
  // max(16, 16) cycles per weight bit, Pw = 10, 15 cycles for the last column to start.
  CHECK(test::paper_cycles("loom_dac18/dpnn", "alexnet-100", named("fc6")) == 576 * 512);
  CHECK(test::paper_cycles("loom_dac18/loom_1b", "alexnet-100", named("fc6")) == 576 * 2 * 16 * 10 + 15);
}
