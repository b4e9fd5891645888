// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/generator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "sim/base/parallel.h"
#include "sim/kernel/width.h"
#include "sim/synthetic/draw.h"
#include "tests/unit/synthetic/layers.h"

namespace {

using namespace heddle;
using synthetic::Generator;
using workload::IntTensor;
using workload::Layer;

Generator generator(const workload::Network& network, const std::string& choices = "synthetic") {
  return {network, synthetic::parse_options(choices, "test")};
}

double share(const IntTensor& tensor, const std::function<bool(std::int32_t)>& is_counted) {
  const auto n = std::count_if(tensor.values.begin(), tensor.values.end(), is_counted);
  return static_cast<double>(n) / static_cast<double>(tensor.values.size());
}
double zeros(const IntTensor& tensor) {
  return share(tensor, [](std::int32_t x) { return x == 0; });
}

void check_range(const IntTensor& tensor, const workload::Operand& operand, unsigned bits) {
  const std::int64_t high = (std::int64_t{1} << (operand.rep.is_signed ? bits - 1 : bits)) - 1;
  const std::int64_t low = operand.rep.is_signed ? -high - 1 : 0;
  for (const auto x : tensor.values) REQUIRE((x >= low && x <= high));
  CHECK(kernel::width(kernel::summarize(tensor.values), operand.rep.is_signed, false) == bits);
}

// Of values that stand beside each other in a row of an image.
double neighbour_correlation(const IntTensor& tensor, std::size_t width) {
  double sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0, n = 0;
  for (std::size_t i = 0; i + 1 < tensor.values.size(); ++i) {
    if ((i + 1) % width == 0) continue;
    const double a = tensor.values[i];
    const double b = tensor.values[i + 1];
    sum_a += a, sum_b += b, sum_aa += a * a, sum_bb += b * b, sum_ab += a * b, n += 1;
  }
  const double covariance = sum_ab / n - sum_a / n * sum_b / n;
  return covariance / std::sqrt((sum_aa / n - sum_a / n * sum_a / n) * (sum_bb / n - sum_b / n * sum_b / n));
}

}  // namespace

TEST_CASE("synthetic values stay within their precision and fill it, whatever the layer") {
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    auto first = test::random_layer(random, "a", "image");
    auto second = test::random_layer(random, "b", "a");
    if (random.chance(2)) first.post = {"relu"};
    const auto net = test::network({first, second});
    const auto drawn = generator(net, "synthetic:" + std::to_string(i) + ",prune=0.3");
    for (const auto& layer : net.layers) {
      CAPTURE(i, layer.id, layer.precision.activation_bits, layer.precision.weight_bits);
      const auto activations = drawn.activations(layer, 0);
      CHECK(activations.shape == workload::activation_shape(layer));
      check_range(activations, layer.activation, layer.precision.activation_bits);
      const auto weights = drawn.weights(layer, 0);
      CHECK(weights.shape == workload::weight_shape(layer));
      check_range(weights, layer.weight, layer.precision.weight_bits);
    }
  }
}

TEST_CASE("codes narrower than the precision and bipolar codes are respected") {
  auto layer = test::conv("a", "image", 8, 8);
  layer.weight.rep.bits = 4;
  layer.precision.weight_bits = 9;
  const auto net = test::network({layer});
  for (const auto x : generator(net).weights(layer, 0).values) REQUIRE((x >= -7 && x <= 7));
  layer.weight.rep.is_bipolar = true;
  const auto tossed = generator(net).weights(layer, 0);
  CHECK(zeros(tossed) == 0);
  CHECK(share(tossed, [](std::int32_t x) { return x == 1; }) == Approx(0.5).margin(0.05));
  for (const auto x : tossed.values) REQUIRE((x == 1 || x == -1));
}

TEST_CASE("activations behind a ReLU have the share of zeros that was asked for") {
  auto first = test::conv("a", "image", 3, 34);
  auto layer = test::conv("b", "a", 128, 32);
  layer.precision.activation_bits = GENERATE(1U, 3U, 8U, 12U, 16U);
  layer.activation.rep.is_signed = layer.precision.activation_bits > 1 && GENERATE(false, true);
  const auto net = test::network({first, layer});
  CHECK(zeros(generator(net).activations(layer, 0)) == Approx(0.524).margin(0.02));
  for (const double wanted : {0.0, 0.1, 0.524, 0.9, 0.99}) {
    const auto tensor = generator(net, fmt::format("synthetic:4,zeros={}", wanted)).activations(layer, 0);
    CHECK(zeros(tensor) == Approx(wanted).margin(0.02));
    CHECK(share(tensor, [](std::int32_t x) { return x < 0; }) == 0);
  }
}

TEST_CASE("pruning takes the smallest weights of each filter, and leaves the others alone") {
  auto layer = test::conv("a", "image", 64, 8, 8);
  layer.precision.weight_bits = 11;
  const auto net = test::network({layer});
  const auto whole = generator(net, "synthetic:2").weights(layer, 0);
  for (const double wanted : {0.0, 0.5, 0.9}) {
    const auto pruned = generator(net, fmt::format("synthetic:2,prune={}", wanted)).weights(layer, 0);
    if (wanted > 0) CHECK(zeros(pruned) == Approx(wanted).margin(0.03));
    const std::size_t per_filter = whole.values.size() / 8;
    for (std::size_t f = 0; f < 8; ++f) {
      std::int32_t largest_taken = 0;
      std::int32_t smallest_kept = 1 << 20;
      for (std::size_t i = f * per_filter; i < (f + 1) * per_filter; ++i) {
        const std::int32_t before = std::abs(whole.values[i]);
        if (pruned.values[i] == 0) {
          largest_taken = std::max(largest_taken, before);
        } else {
          REQUIRE(pruned.values[i] == whole.values[i]);
          smallest_kept = std::min(smallest_kept, before);
        }
      }
      CHECK(largest_taken <= smallest_kept);
    }
  }
}

TEST_CASE("the number of threads and the order of layers never change a value") {
  auto first = test::conv("a", "image", 48, 40, 64);
  auto second = test::linear("b", "a", 3000, 200);
  const auto both = test::network({first, second});
  const auto alone = test::network({second});
  std::vector<IntTensor> seen;
  for (const unsigned threads : {1U, 2U, 5U}) {
    const ThreadLimit limit(threads);
    seen.push_back(generator(both).weights(second, 0));
    seen.push_back(generator(alone).weights(second, 7));
    CHECK(generator(both).activations(first, 0).values == generator(both).activations(first, 0).values);
  }
  for (const auto& tensor : seen) CHECK(tensor.values == seen.front().values);
}

TEST_CASE("seeds, layers and samples have values of their own") {
  auto layer = test::conv("a", "image", 32, 16);
  auto other = test::conv("b", "a", 32, 16);
  layer.post = {"relu"};
  const auto net = test::network({layer, other});
  std::set<std::vector<std::int32_t>> weights;
  std::set<std::vector<std::int32_t>> activations;
  for (const char* seed : {"synthetic:0", "synthetic:1", "synthetic:18446744073709551615"}) {
    for (const auto* l : {&layer, &other}) weights.insert(generator(net, seed).weights(*l, 0).values);
    for (const std::uint32_t sample : {0U, 1U})
      activations.insert(generator(net, seed).activations(other, sample).values);
  }
  CHECK(weights.size() == 6);
  CHECK(activations.size() == 6);
  auto reader = test::conv("c", "a", 32, 16, 4, 1);  // of the same tensor as `other`
  CHECK(generator(net).activations(reader, 0).values == generator(net).activations(other, 0).values);
}

TEST_CASE("neighbours are alike as in the shipped traces") {
  auto first = test::conv("a", "image", 3, 64);
  auto second = test::conv("b", "a", 64, 64);
  first.precision.activation_bits = second.precision.activation_bits = 8;
  const auto net = test::network({first, second});
  // Medians of the shipped traces: 0.89 and 0.589 (sim/synthetic/parameters.json).
  CHECK(neighbour_correlation(generator(net).activations(first, 0), 64) == Approx(0.89).margin(0.1));
  CHECK(neighbour_correlation(generator(net).activations(second, 0), 64) == Approx(0.589).margin(0.1));
}

TEST_CASE("the exponential number is the logarithm of its uniform one") {
  Random random(5);
  for (int i = 0; i < 100000; ++i) {
    const auto u = static_cast<std::uint32_t>(random.next() >> random.between(32, 63));
    const double exact = 32 - std::log2(static_cast<double>(u) + 1);
    REQUIRE(std::abs(synthetic::exponential(u) / 16777216.0 - exact) < 1.0 / (1 << 17));
  }
  CHECK(synthetic::exponential(0) == 32U << 24U);
  CHECK(synthetic::exponential(0xffffffffU) == 0);
}

TEST_CASE("time grows with the values and not faster") {
  const ThreadLimit limit(1);
  const auto seconds = [](std::uint32_t filters) {
    auto layer = test::linear("a", "image", 4096, filters);
    const auto net = test::network({layer});
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      REQUIRE(generator(net).weights(layer, 0).values.size() == std::size_t{4096} * filters);
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
  };
  CHECK(seconds(4096) < 8 * 3 * seconds(512));  // 8 times as many; 3: what a shared machine may add
}
