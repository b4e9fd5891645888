// SPDX-License-Identifier: Apache-2.0
//
// Folding extends a kernel with zeros. They take the time of weights, and they are no products of the layer.
#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

arch::Cost price_all(const arch::Accelerator& accelerator, const test::LayerCase& layer,
                     const arch::MappingOptions& options) {
  const test::MappedCase mapped(layer, accelerator, options);
  const auto prepared = accelerator.prepare(mapped.input());
  return accelerator.price(mapped.input(), *prepared, arch::whole_layer(mapped.input().mapping));
}

// A strided layer of 3 channels.
test::LayerCase image_layer(Random& random, unsigned widest_bits) {
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return static_cast<std::uint32_t>(random.between(low, high));
  };
  test::LayerCase out;
  workload::Geometry& g = out.layer.geometry;
  out.layer.id = "image";
  out.layer.op = workload::Op::conv2d;
  g.channels = 3;
  g.filters = pick(1, 20);
  g.kernel_height = pick(1, 7);
  g.kernel_width = pick(1, 7);
  g.stride_y = g.stride_x = pick(2, 4);
  g.out_height = pick(1, 3);
  g.out_width = pick(1, 4);
  g.height = (g.out_height - 1) * g.stride_y + g.kernel_height;
  g.width = (g.out_width - 1) * g.stride_x + g.kernel_width;
  out.layer.weight.source = "static";
  out.layer.activation.rep.is_signed = random.chance(2);
  out.layer.precision = {pick(2, widest_bits), pick(2, widest_bits), ""};
  test::fill_values(out, random);
  return out;
}

// The same layer with a kernel that holds the zeros which folding adds; padding takes their place in the
// image.
test::LayerCase with_zeros_written(const test::LayerCase& from) {
  test::LayerCase out = from;
  workload::Geometry& g = out.layer.geometry;
  const workload::Geometry& old = from.layer.geometry;
  const auto whole = [](std::uint32_t kernel, std::uint32_t stride) {
    return (kernel + stride - 1) / stride * stride;
  };
  g.kernel_height = whole(old.kernel_height, old.stride_y);
  g.kernel_width = whole(old.kernel_width, old.stride_x);
  g.pad_bottom = g.kernel_height - old.kernel_height;
  g.pad_right = g.kernel_width - old.kernel_width;
  out.weights.shape = workload::weight_shape(out.layer);
  out.weights.values.assign(g.weights(), 0);
  for (std::size_t i = 0; i < from.weights.values.size(); ++i) {
    const std::size_t column = i % old.kernel_width;
    const std::size_t row = i / old.kernel_width % old.kernel_height;
    const std::size_t plane = i / (old.kernel_width * old.kernel_height);
    out.weights.values[(plane * g.kernel_height + row) * g.kernel_width + column] = from.weights.values[i];
  }
  return out;
}

}  // namespace

TEST_CASE("zeros that folding adds cost what written zeros cost, and only the written ones are products") {
  for (const auto& variant : test::all_variants()) {
    for (const auto order : {workload::FoldOrder::yxc, workload::FoldOrder::xyc}) {
      for (std::uint64_t c = 0; c < 12; ++c) {
        Random random(c, variant.name + "folding");
        const auto layer = image_layer(random, variant.accelerator->container_bits());
        const auto written = with_zeros_written(layer);
        arch::MappingOptions options;
        options.lowering.fold_order = order;
        const arch::Cost added = price_all(*variant.accelerator, layer, options);
        const arch::Cost kept = price_all(*variant.accelerator, written, options);
        INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe());
        CHECK(added.compute == kept.compute);
        CHECK(added.lanes.effective + added.lanes.folding_zeros == kept.lanes.effective);
        CHECK(kept.lanes.folding_zeros == LaneCycles(0));
        CHECK(added.lanes.synchronisation == kept.lanes.synchronisation);
        CHECK(added.lanes.edge == kept.lanes.edge);
        CHECK(added.lanes.fill == kept.lanes.fill);
        const bool has_zeros = written.layer.geometry.macs() > layer.layer.geometry.macs();
        if (!has_zeros) CHECK(added.lanes.folding_zeros == LaneCycles(0));
      }
    }
  }
}

// Every product of DaDianNao takes each of its elements one lane-cycle; Stripes and Tartan stream a product
// for equally many cycles.
TEST_CASE("effective lane-cycles are the layer's products where each takes equally long") {
  for (const auto& variant : test::all_variants()) {
    const bool is_even =
        variant.model->name == "dadn" || variant.model->name == "stripes" || variant.model->name == "tartan";
    if (!is_even) continue;
    for (std::uint64_t c = 0; c < 40; ++c) {
      Random random(c, variant.name + "products");
      const auto layer =
          c % 2 == 0 ? image_layer(random, variant.accelerator->container_bits())
                     : test::random_case(random, {.widest_bits = variant.accelerator->container_bits()});
      const arch::Cost cost = price_all(*variant.accelerator, layer, {});
      const auto mapped = arch::map_onto(layer.layer, *variant.accelerator, {});
      INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe());
      const std::uint64_t products = layer.layer.geometry.macs() * mapped.mapping.composition.elements();
      CHECK(cost.lanes.effective.count() % products == 0);
      if (variant.model->name == "dadn") CHECK(cost.lanes.effective.count() == products);
    }
  }
}

// 96 filters of 11 x 11 x 3 with stride 4, as AlexNet's first layer, on 32 filter rows: folded, 3 x 3
// positions of 48 channels. Each lane has a window, a filter and a channel, but of 432 products 11 * 11 * 3 =
// 363 exist: 84.03 %.
TEST_CASE("folding leaves 84 % of the lanes of AlexNet's first layer with work") {
  Random random(1, "alexnet");
  test::LayerCase layer = image_layer(random, 8);
  workload::Geometry& g = layer.layer.geometry;
  g.filters = 96;
  g.kernel_height = g.kernel_width = 11;
  g.stride_y = g.stride_x = 4;
  g.out_height = g.out_width = 2;
  g.height = g.width = 15;
  test::fill_values(layer, random);
  const auto& dadn = arch::find_model(models::catalogue(), "dadn", "test");
  const auto accelerator =
      test::make_accelerator(dadn, {{"tiles", 2}, {"filters_per_tile", 16}, {"columns", 1}});
  const arch::Cost cost = price_all(*accelerator, layer, {});
  CHECK(cost.compute == Cycles(3 * 4 * 27));
  CHECK(cost.lanes.effective == LaneCycles(std::uint64_t{363} * 96 * 4));
  CHECK(cost.lanes.folding_zeros == LaneCycles(std::uint64_t{69} * 96 * 4));
  CHECK(cost.lanes.edge == LaneCycles(0));
}
