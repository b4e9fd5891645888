// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/laconic.h"

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

std::unique_ptr<arch::Accelerator> laconic_of(const config::Json& parameters) {
  return test::make_accelerator(arch::find_model(models::catalogue(), "laconic", "test"), parameters);
}

arch::Cost price(const test::LayerCase& layer, const config::Json& parameters,
                 const arch::MappingOptions& options = {}) {
  const auto accelerator = laconic_of(parameters);
  const test::MappedCase mapped(layer, *accelerator, options);
  const auto prepared = accelerator->prepare(mapped.input());
  return accelerator->price(mapped.input(), *prepared, arch::whole_layer(mapped.input().mapping));
}

// A convolution of `channels` channels over 1 x `windows` positions with a 1 x 1 kernel: every window is one
// brick (for at most 16 channels), every filter one brick.
test::LayerCase bricks(std::uint32_t channels, std::uint32_t windows, std::uint32_t filters) {
  test::LayerCase out;
  workload::Geometry& g = out.layer.geometry;
  out.layer.id = "bricks";
  out.layer.op = workload::Op::conv2d;
  g.channels = channels;
  g.width = g.out_width = windows;
  g.filters = filters;
  out.layer.precision = {16, 16, ""};
  out.activations = {workload::activation_shape(out.layer), std::vector<std::int32_t>(g.input_values(), 0)};
  out.weights = {workload::weight_shape(out.layer), std::vector<std::int32_t>(g.weights(), 0)};
  return out;
}

// Counts terms by repeated subtraction of the nearest power of two, ties upwards: as few terms as the
// non-adjacent form has.
unsigned fewest_terms(std::uint32_t magnitude) {
  unsigned terms = 0;
  for (std::uint64_t m = magnitude; m != 0; ++terms) {
    std::uint64_t below = 1;
    while (below * 2 <= m) below *= 2;
    m = m - below < below * 2 - m ? m - below : below * 2 - m;
  }
  return terms;
}

unsigned ones(std::uint32_t magnitude) {
  unsigned n = 0;
  for (; magnitude != 0; magnitude /= 2) n += magnitude % 2;
  return n;
}

std::uint32_t absolute(std::int32_t v) {
  return v < 0 ? static_cast<std::uint32_t>(-static_cast<std::int64_t>(v)) : static_cast<std::uint32_t>(v);
}

// The compute cycles of a plain or grouped convolution by DNNsim's rules, straight from the tensors: windows
// down the columns, one barrier per step over all tiles, popcounts, no algebra.
std::uint64_t dnnsim_convolution(const test::LayerCase& layer, std::uint32_t rows_of_all_tiles,
                                 std::uint32_t columns) {
  const auto& g = layer.layer.geometry;
  const std::uint32_t channels = g.channels / g.groups;
  const std::uint32_t filters = g.filters / g.groups;
  std::uint64_t cycles = 0;
  for (std::uint32_t group = 0; group < g.groups; ++group) {
    for (std::uint32_t f0 = 0; f0 < filters; f0 += rows_of_all_tiles) {
      for (std::uint64_t w0 = 0; w0 < g.windows(); w0 += columns) {
        for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
          for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx) {
            for (std::uint32_t c0 = 0; c0 < channels; c0 += 16) {
              std::uint64_t most = 1;
              for (std::uint32_t f = f0; f < std::min(filters, f0 + rows_of_all_tiles); ++f) {
                for (std::uint64_t w = w0; w < std::min<std::uint64_t>(g.windows(), w0 + columns); ++w) {
                  const std::int64_t y =
                      static_cast<std::int64_t>(w % g.out_height) * g.stride_y + ky - g.pad_top;
                  const std::int64_t x =
                      static_cast<std::int64_t>(w / g.out_height) * g.stride_x + kx - g.pad_left;
                  if (y < 0 || x < 0 || y >= g.height || x >= g.width) continue;
                  for (std::uint32_t c = c0; c < std::min(channels, c0 + 16); ++c) {
                    const std::size_t a =
                        (std::size_t{group * channels + c} * g.height + static_cast<std::size_t>(y)) *
                            g.width +
                        static_cast<std::size_t>(x);
                    const std::size_t k =
                        ((std::size_t{group * filters + f} * channels + c) * g.kernel_height + ky) *
                            g.kernel_width +
                        kx;
                    most = std::max<std::uint64_t>(
                        most, std::uint64_t{ones(absolute(layer.activations.values[a]))} *
                                  ones(absolute(layer.weights.values[k])));
                  }
                }
              }
              cycles += most;
            }
          }
        }
      }
    }
  }
  return cycles;
}

std::uint64_t dnnsim_fully_connected(const test::LayerCase& layer, std::uint32_t rows_of_all_tiles,
                                     std::uint32_t columns) {
  const auto& g = layer.layer.geometry;
  std::vector<std::uint64_t> busy(columns, 0);
  std::uint64_t now = 0;
  std::size_t column = 0;
  for (std::uint32_t f0 = 0; f0 < g.filters; f0 += rows_of_all_tiles) {
    for (std::uint32_t c0 = 0; c0 < g.channels; c0 += 16) {
      std::uint64_t most = 1;
      for (std::uint32_t f = f0; f < std::min(g.filters, f0 + rows_of_all_tiles); ++f) {
        for (std::uint32_t c = c0; c < std::min(g.channels, c0 + 16); ++c) {
          most = std::max<std::uint64_t>(
              most, std::uint64_t{ones(absolute(layer.activations.values[c]))} *
                        ones(absolute(layer.weights.values[std::size_t{f} * g.channels + c])));
        }
      }
      now = std::max(now, busy[column]);
      busy[column] = now + most;
      ++now;
      column = (column + 1) % columns;
    }
  }
  return *std::max_element(busy.begin(), busy.end());
}

}  // namespace

TEST_CASE("a step takes the largest product of term counts, at least one cycle", "[laconic]") {
  auto layer = bricks(2, 2, 2);
  // Terms of the non-adjacent form: 5 = 4+1: 2, 11 = 8+4-1: 3, 7 = 8-1: 2, 64: 1, -3 = -(4-1): 2.
  layer.activations.values = {5, 11, 64, 7};  // channel 0 of windows 0 and 1, channel 1 of both
  layer.weights.values = {7, 64, -3, 0};      // filter 0, filter 1
  // Lane 0: windows at most 3 terms, filters at most 2: 6. Lane 1: 2 x 1 = 2.
  CHECK(price(layer, {{"rows", 2}, {"columns", 2}}).compute == Cycles(6));
  // Popcounts: lane 0: max(2, 3) x max(3, 2) = 9; lane 1: 3 x 1.
  CHECK(price(layer, {{"rows", 2}, {"columns", 2}, {"encoder", "raw"}}).compute == Cycles(9));
  // One filter at a time, one window at a time: (w0,f0): max(2*2, 1*1) = 4; (w1,f0): max(3*2, 2*1) = 6;
  // (w0,f1): 2*2 = 4; (w1,f1): 3*2 = 6.
  CHECK(price(layer, {{"rows", 1}, {"columns", 1}}).compute == Cycles(20));
  const auto cost = price(layer, {{"rows", 2}, {"columns", 2}});
  // Pairs, lane 0: (2+3) x (2+2) = 20; lane 1: (1+2) x (1+0) = 3.
  CHECK(cost.events[2] == 23);
  CHECK(cost.events[0] == 1);
  CHECK(cost.events[1] == 4);
  // 2 lanes x 4 elements exist; the two products with the zero weight still take a cycle of their lane.
  CHECK(cost.lanes.effective.count() == 23 + 2);
  CHECK(cost.lanes.synchronisation.count() == 2 * 4 * 6 - 25);
  CHECK(cost.lanes.edge.count() == 14 * 4 * 6);
  layer.weights.values = {0, 0, 0, 0};
  CHECK(price(layer, {{"rows", 2}, {"columns", 2}}).compute == Cycles(1));
}

TEST_CASE("a fully connected layer's columns take turns", "[laconic]") {
  test::LayerCase layer;
  layer.layer.id = "fc";
  layer.layer.op = workload::Op::linear;
  layer.layer.geometry.channels = 48;
  layer.layer.geometry.filters = 1;
  layer.layer.precision = {16, 16, ""};
  layer.activations = {workload::activation_shape(layer.layer), std::vector<std::int32_t>(48, 0)};
  layer.weights = {workload::weight_shape(layer.layer), std::vector<std::int32_t>(48, 5)};
  layer.activations.values[0] = 11;  // 3 x 2 = 6
  layer.activations.values[16] = 1;  // 1 x 2 = 2
  // Third brick all zero: 1. Two columns: starts at 0, 1, and the third waits for column 0: 6, ends 7.
  CHECK(price(layer, {{"rows", 1}, {"columns", 2}}).compute == Cycles(7));
  CHECK(price(layer, {{"rows", 1}, {"columns", 3}}).compute == Cycles(6));
  CHECK(price(layer, {{"rows", 1}, {"columns", 1}}).compute == Cycles(9));
}

TEST_CASE("elements drift apart by at most the depth of the queues", "[laconic]") {
  // One filter, two windows, two steps of one lane each (32 channels): window 0 takes 3 then 1, window 1
  // takes 1 then 3 (weight 1; 11 has three terms, 1 has one).
  auto layer = bricks(32, 2, 1);
  std::fill(layer.weights.values.begin(), layer.weights.values.end(), 1);
  layer.activations.values[0] = 11;           // channel 0, window 0
  layer.activations.values[1] = 1;            // channel 0, window 1
  layer.activations.values[16 * 2] = 1;       // channel 16, window 0
  layer.activations.values[16 * 2 + 1] = 11;  // channel 16, window 1
  CHECK(price(layer, {{"rows", 1}, {"columns", 2}}).compute == Cycles(6));
  // Depth 1: both wait for the row's weights, which both still use: 3 + 3.
  CHECK(price(layer, {{"rows", 1}, {"columns", 2}, {"sync", "queue"}, {"queue_depth", 1}}).compute ==
        Cycles(6));
  CHECK(price(layer, {{"rows", 1}, {"columns", 2}, {"sync", "queue"}, {"queue_depth", 2}}).compute ==
        Cycles(4));
  CHECK(
      price(layer, {{"rows", 1}, {"columns", 2}, {"sync", "queue"}, {"queue_depth", "unlimited"}}).compute ==
      Cycles(4));
}

TEST_CASE("8-bit elements compose wider values of bytes", "[laconic]") {
  auto layer = bricks(1, 4, 4);
  layer.layer.precision = {9, 16, ""};
  std::fill(layer.weights.values.begin(), layer.weights.values.end(), 0x55);  // four terms, low byte only
  std::fill(layer.activations.values.begin(), layer.activations.values.end(),
            0x1555);  // bytes 0x15 (3) and 0x55 (4)
  const config::Json composed{{"rows", 4}, {"columns", 4}, {"lpe_width", 8}};
  // 2 filters x 2 windows at a time: 2 passes x 2 window sets x (4 x 4).
  CHECK(price(layer, composed).compute == Cycles(64));
  CHECK(price(layer, composed).events[2] == 16 * 4 * 7);
  // The four elements of a product are busy for 4*4, 4*3 and, where the weight's high byte has no terms, 1 +
  // 1 cycles: 16 products. One lane of each of the 4 x 4 elements has a channel, 15 have none.
  CHECK(price(layer, composed).lanes.effective.count() == 16 * 30);
  CHECK(price(layer, composed).lanes.synchronisation.count() == 64 * 16 - 16 * 30);
  CHECK(price(layer, composed).lanes.edge.count() == 64 * 16 * 15);
  // Whole: 7 activation terms x 4 weight terms, all at once.
  CHECK(price(layer, {{"rows", 4}, {"columns", 4}}).compute == Cycles(28));
  layer.layer.precision = {8, 16, ""};  // weights fit one element
  CHECK(price(layer, composed).compute == Cycles(32));
  // A tile of one row cannot compose 16-bit weights; one of three has a row left over.
  layer.layer.precision = {16, 16, ""};
  CHECK_THROWS_AS(price(layer, {{"rows", 1}, {"columns", 4}, {"lpe_width", 8}}), Error);
  CHECK(price(layer, {{"rows", 3}, {"columns", 5}, {"lpe_width", 8}}).compute ==
        price(layer, {{"rows", 2}, {"columns", 4}, {"lpe_width", 8}}).compute);
  CHECK_THROWS_AS(laconic_of({{"lpe_width", 3}}), Error);
}

TEST_CASE("composed elements keep the ledger of the physical array", "[laconic]") {
  std::uint64_t composed = 0;
  for (std::uint64_t c = 0; c < 80; ++c) {
    Random random(c, "laconic ledger");
    const auto layer = test::random_case(random, {});
    for (const char* sync : {"barrier", "queue"}) {
      const arch::Cost cost = price(layer, {{"rows", 4}, {"columns", 6}, {"sync", sync}, {"lpe_width", 8}});
      INFO(sync << " " << layer.describe());
      // 4 x 6 elements of 16 lanes, however many of them form one.
      CHECK(cost.lanes.total() == LaneCycles(cost.compute.count() * 4 * 6 * 16));
    }
    composed += layer.layer.precision.activation_bits > 8 && layer.layer.precision.weight_bits > 8 ? 1 : 0;
  }
  CHECK(composed > 10);
}

TEST_CASE("Laconic's compatible configuration counts DNNsim's compute cycles", "[laconic]") {
  const config::Json parameters{{"tiles", 2}, {"rows", 4}, {"columns", 4}, {"encoder", "raw"}};
  arch::MappingOptions mapping;
  mapping.lowering.window_order = workload::WindowOrder::column_major;
  mapping.lowering.fold_order = workload::FoldOrder::xyc;
  int convolutions = 0;
  int fully_connected = 0;
  for (std::uint64_t c = 0; c < 250; ++c) {
    Random random(c, "laconic dnnsim");
    auto layer = test::random_case(random, {});
    layer.layer.activation.rep.pad_code = 0;
    const auto& g = layer.layer.geometry;
    INFO(layer.describe());
    const bool folded = g.channels == 3 && g.stride_y == g.stride_x && g.stride_y > 1;
    if (layer.layer.op == workload::Op::conv2d && g.dilation_y == 1 && !folded &&
        (g.groups == 1 || g.groups != g.channels)) {
      CHECK(price(layer, parameters, mapping).compute == Cycles(dnnsim_convolution(layer, 8, 4)));
      ++convolutions;
    } else if (layer.layer.is_fully_connected() && g.groups == 1) {
      CHECK(price(layer, parameters, mapping).compute == Cycles(dnnsim_fully_connected(layer, 8, 4)));
      ++fully_connected;
    }
  }
  CHECK(convolutions > 30);
  CHECK(fully_connected > 20);
}

TEST_CASE("the default encoder is the non-adjacent form", "[laconic]") {
  for (std::uint32_t m = 1; m < 65536; m += 7) {
    auto layer = bricks(1, 1, 1);
    layer.layer.activation.rep.is_signed = false;
    layer.activations.values[0] = static_cast<std::int32_t>(m);
    layer.weights.values[0] = -1;
    REQUIRE(price(layer, {{"rows", 1}, {"columns", 1}}).compute == Cycles(fewest_terms(m)));
  }
}

TEST_CASE("more freedom never makes Laconic slower, and encoders are in order", "[laconic]") {
  for (std::uint64_t c = 0; c < 60; ++c) {
    Random random(c, "laconic order");
    const auto layer = test::random_case(random, {});
    INFO(layer.describe());
    const auto cycles = [&](const char* sync, const config::Json& depth, const char* encoder) {
      return price(
                 layer,
                 {{"rows", 4}, {"columns", 4}, {"sync", sync}, {"queue_depth", depth}, {"encoder", encoder}})
          .compute;
    };
    const auto barrier = cycles("barrier", 1, "naf");
    CHECK(barrier >= cycles("queue", 1, "naf"));
    CHECK(cycles("queue", 1, "naf") >= cycles("queue", 2, "naf"));
    CHECK(cycles("queue", 2, "naf") >= cycles("queue", "unlimited", "naf"));
    CHECK(cycles("barrier", 1, "raw") >= cycles("barrier", 1, "ioe"));
    CHECK(cycles("barrier", 1, "ioe") >= barrier);
  }
}
