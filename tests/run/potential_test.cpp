// SPDX-License-Identifier: Apache-2.0
#include "sim/run/potential.h"

#include <catch2/catch.hpp>

#include "sim/base/random.h"

using namespace heddle;
using run::Potential;
using workload::Layer;

namespace {

struct Case {
  Layer layer;
  workload::IntTensor activations;
  workload::IntTensor weights;
};

std::int32_t draw(Random& random, bool is_signed) {
  if (random.chance(2)) return 0;
  const std::int64_t value = random.between(0, 127) >> random.below(7);
  return static_cast<std::int32_t>(is_signed && random.chance(2) ? -value : value);
}

std::uint32_t pick(Random& random, std::uint32_t low, std::uint32_t high) {
  return static_cast<std::uint32_t>(random.between(low, high));
}

Case random_case(Random& random) {
  Case out;
  auto& g = out.layer.geometry;
  g.groups = pick(random, 1, 3);
  g.channels = g.groups * pick(random, 1, 20);
  g.filters = g.groups * pick(random, 1, 4);
  if (random.chance(3)) {
    out.layer.op = workload::Op::linear;
    g.width = g.out_width = pick(random, 1, 5);
  } else {
    out.layer.op = workload::Op::conv2d;
    g.kernel_height = pick(random, 1, 3);
    g.kernel_width = pick(random, 1, 3);
    g.stride_y = pick(random, 1, 2);
    g.stride_x = pick(random, 1, 3);
    g.dilation_x = pick(random, 1, 2);
    g.pad_top = pick(random, 0, 2);
    g.pad_right = pick(random, 0, 2);
    g.height = pick(random, 3, 6);
    g.width = pick(random, 5, 8);
    g.out_height = (g.height + g.pad_top - g.kernel_height) / g.stride_y + 1;
    g.out_width = (g.width + g.pad_right - g.dilation_x * (g.kernel_width - 1) - 1) / g.stride_x + 1;
  }
  out.layer.precision = {8, 9, ""};
  out.layer.activation.rep.is_signed = random.chance(2);
  out.layer.activation.rep.pad_code = random.chance(4) ? 3 : 0;
  for (std::uint64_t i = 0; i < g.input_values(); ++i)
    out.activations.values.push_back(draw(random, out.layer.activation.rep.is_signed));
  for (std::uint64_t i = 0; i < g.weights(); ++i) out.weights.values.push_back(draw(random, true));
  return out;
}

unsigned ones(std::int32_t v) {
  unsigned n = 0;
  for (int m = v < 0 ? -v : v; m != 0; m /= 2) n += static_cast<unsigned>(m % 2);
  return n;
}

// The width of a group, found by trying: the fewest bits that hold every value, less the low zeros that all
// values share.
unsigned group_width(const std::vector<std::int32_t>& group, bool is_signed) {
  unsigned bits = 0;
  for (const auto v : group) {
    while (is_signed ? v < -(1 << bits) || v >= (1 << bits) : v >= (1 << bits)) ++bits;
  }
  unsigned cut = 0;
  const bool zero = std::all_of(group.begin(), group.end(), [](auto v) { return v == 0; });
  while (!zero && std::all_of(group.begin(), group.end(), [&](auto v) { return v % (2 << cut) == 0; })) ++cut;
  return std::max(1U, bits + (is_signed ? 1U : 0U) - cut);
}

// Counts every product on its own.
Potential naive(const Case& test, unsigned container) {
  const auto& g = test.layer.geometry;
  const bool conv = test.layer.op == workload::Op::conv2d;
  const std::uint32_t per_group = g.channels / g.groups;
  const auto value = [&](std::uint32_t c, std::int64_t y, std::int64_t x) {
    if (y < 0 || x < 0 || y >= g.height || x >= g.width) return test.layer.activation.rep.pad_code;
    return test.activations.values[static_cast<std::size_t>(
        conv ? (std::int64_t{c} * g.height + y) * g.width + x : x * g.channels + c)];
  };
  Potential out;
  for (std::uint32_t f = 0; f < g.filters; ++f) {
    const std::uint32_t base = f / (g.filters / g.groups) * per_group;
    for (std::uint32_t oy = 0; oy < g.out_height; ++oy) {
      for (std::uint32_t ox = 0; ox < g.out_width; ++ox) {
        for (std::uint32_t c = 0; c < per_group; ++c) {
          for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
            for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx) {
              const std::int64_t y =
                  std::int64_t{oy} * g.stride_y + std::int64_t{ky} * g.dilation_y - g.pad_top;
              const std::int64_t x =
                  std::int64_t{ox} * g.stride_x + std::int64_t{kx} * g.dilation_x - g.pad_left;
              const std::int32_t a = value(base + c, y, x);
              const std::int32_t w =
                  test.weights
                      .values[((std::size_t{f} * per_group + c) * g.kernel_height + ky) * g.kernel_width +
                              kx];
              std::vector<std::int32_t> group;
              for (std::uint32_t i = c / 16 * 16; i < std::min(per_group, c / 16 * 16 + 16); ++i)
                group.push_back(value(base + i, y, x));
              ++out.macs;
              out.dense += container * container;
              out.activation_precision += 9 * container;
              out.both_precisions += 9 * 8;
              out.skip_zero_activations += a != 0 ? container * container : 0;
              out.skip_zero_weights += w != 0 ? container * container : 0;
              out.skip_zeros += a != 0 && w != 0 ? container * container : 0;
              out.dynamic_precision += group_width(group, test.layer.activation.rep.is_signed) * container;
              out.activation_terms += ones(a) * container;
              out.both_terms += ones(a) * ones(w);
            }
          }
        }
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("potential counts every product once: algebra equals the loop over products") {
  for (std::uint64_t c = 0; c < 150; ++c) {
    Random random(c, "potential");
    const Case test = random_case(random);
    INFO("case " << c);
    const Potential got =
        run::potential(test.layer, test.activations, test.weights, {kernel::Encoder::raw, 16});
    const Potential expected = naive(test, 16);
    CHECK(got.macs == expected.macs);
    CHECK(got.skip_zeros == expected.skip_zeros);
    CHECK(got.dynamic_precision == expected.dynamic_precision);
    CHECK(got.both_terms == expected.both_terms);
    CHECK(got == expected);
  }
}

TEST_CASE("potential of one product, by hand") {
  Case test;
  test.layer.op = workload::Op::linear;
  test.layer.precision = {4, 5, ""};
  test.layer.activation.rep.is_signed = false;
  test.activations.values = {14};  // 16 - 2: two terms, three set bits; bits 1 to 3: width 3
  test.weights.values = {-5};      // 4 + 1
  const Potential p = run::potential(test.layer, test.activations, test.weights, {kernel::Encoder::naf, 8});
  CHECK(p.dense == 64);
  CHECK(p.activation_precision == 40);
  CHECK(p.both_precisions == 20);
  CHECK(p.skip_zeros == 64);
  CHECK(p.dynamic_precision == 24);
  CHECK(p.activation_terms == 16);
  CHECK(p.both_terms == 4);
}
