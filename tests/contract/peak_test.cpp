// SPDX-License-Identifier: Apache-2.0
//
// The peak that a model states is the rate at which it completes products that leave nothing to skip.
#include <algorithm>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/base/random.h"
#include "sim/kernel/terms.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

// Bits of the widest value that an element of the variant takes.
unsigned element_bits(const test::Variant& variant) {
  const unsigned container = variant.accelerator->container_bits();
  for (const char* key : {"pe_width", "lpe_width"}) {
    if (variant.parameters.contains(key)) return std::min(container, variant.parameters[key].get<unsigned>());
  }
  return container;
}

// A value of the container's width that gives `part` to every element that works on it.
std::int32_t repeated(std::uint32_t part, unsigned width, unsigned container) {
  std::uint32_t out = 0;
  for (unsigned at = 0; at < container; at += width) out |= part << at;
  return static_cast<std::int32_t>(out & ((1U << container) - 1));
}

// Codes that leave nothing to skip under at least one rule: all bits set, or as many terms as an encoder can
// give.
std::vector<std::int32_t> dense_codes(const test::Variant& variant) {
  const unsigned width = element_bits(variant);
  const unsigned container = variant.accelerator->container_bits();
  std::vector<std::int32_t> out{repeated((1U << width) - 1, width, container)};
  for (const auto encoder : kernel::kEncoders) {
    const auto counts = kernel::term_count_table(encoder).first(std::size_t{1} << width);
    const auto most = std::max_element(counts.begin(), counts.end()) - counts.begin();
    out.push_back(repeated(static_cast<std::uint32_t>(most), width, container));
  }
  return out;
}

// Products per cycle of a convolution of full-width unsigned operands, of the slowest dense code.
double slowest_rate(const test::Variant& variant, Random& random, std::uint32_t channels, std::uint32_t size,
                    std::uint32_t filters, std::uint32_t kernel) {
  const unsigned bits = variant.accelerator->container_bits();
  auto layer = test::convolution(random, channels, size, filters, kernel, bits, bits, false);
  layer.layer.weight.rep.is_signed = false;
  double slowest = 1e300;
  for (const auto code : dense_codes(variant)) {
    std::fill(layer.activations.values.begin(), layer.activations.values.end(), code);
    std::fill(layer.weights.values.begin(), layer.weights.values.end(), code);
    const test::MappedCase mapped(layer, *variant.accelerator, {});
    const auto prepared = variant.accelerator->prepare(mapped.input());
    const auto cost =
        variant.accelerator->price(mapped.input(), *prepared, arch::whole_layer(mapped.input().mapping));
    slowest = std::min(slowest, static_cast<double>(layer.layer.geometry.macs()) /
                                    static_cast<double>(cost.compute.count()));
  }
  return slowest;
}

// Elements that a full-width value takes in each direction.
std::uint32_t parts(const test::Variant& variant) {
  const unsigned width = element_bits(variant);
  return (variant.accelerator->container_bits() + width - 1) / width;
}

}  // namespace

TEST_CASE("a dense full-width layer that fills the array runs at the peak") {
  for (const auto& variant : test::all_variants()) {
    const arch::ArrayShape array = variant.accelerator->shape();
    const std::uint32_t columns = array.columns / parts(variant);
    const std::uint32_t filters = array.rows / parts(variant) * array.tiles;
    INFO(variant.name << " " << variant.parameters.dump());
    REQUIRE(columns * filters > 0);
    Random random(1, variant.name + "peak");
    // columns x columns windows are whole sets of windows.
    const double rate = slowest_rate(variant, random, 32, columns, filters, 1);
    CHECK(rate == Approx(variant.accelerator->peak_macs_per_cycle()).epsilon(1e-9));
  }
}

TEST_CASE("no dense full-width layer completes more products per cycle than the peak") {
  for (const auto& variant : test::all_variants()) {
    for (std::uint64_t c = 0; c < 12; ++c) {
      Random random(c, variant.name + "below peak");
      const auto draw = [&](std::uint64_t most) {
        return 1 + static_cast<std::uint32_t>(random.below(most));
      };
      const std::uint32_t kernel = draw(3);
      const double rate = slowest_rate(variant, random, draw(40), kernel + draw(6), draw(40), kernel);
      INFO(variant.name << " " << variant.parameters.dump());
      CHECK(rate <= variant.accelerator->peak_macs_per_cycle() * (1 + 1e-9));
    }
  }
}
