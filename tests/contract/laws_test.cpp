// SPDX-License-Identifier: Apache-2.0
//
// Laws that every model obeys. A new model is tested as soon as it is in the catalogue.
#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

arch::Cost price_all(const arch::Accelerator& accelerator, const arch::LayerInput& input) {
  const auto prepared = accelerator.prepare(input);
  return accelerator.price(input, *prepared, arch::whole_layer(input.mapping));
}

}  // namespace

TEST_CASE("pricing is repeatable, takes time, and its lane-cycles and passes add up") {
  for (const auto& variant : test::all_variants()) {
    for (std::uint64_t c = 0; c < 60; ++c) {
      Random random(c, variant.name);
      const auto layer = test::random_case(random, {.widest_bits = variant.accelerator->container_bits()});
      const test::MappedCase mapped(layer, *variant.accelerator, {});
      const arch::Cost cost = price_all(*variant.accelerator, mapped.input());
      INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe());
      CHECK(cost == price_all(*variant.accelerator, mapped.input()));
      CHECK(cost.compute >= Cycles(1));
      CHECK(cost.lanes.total().count() == cost.compute.count() * variant.accelerator->shape().lanes());
      Cycles passes;
      for (const auto p : cost.passes) passes += p;
      CHECK(passes == cost.compute);
      CHECK(cost.passes.size() == mapped.input().mapping.passes.size());
      CHECK(cost.lanes.effective > LaneCycles(0));
    }
  }
}

TEST_CASE("the blocks of a layer never take less time than the layer, because columns drain between them") {
  for (const auto& variant : test::all_variants()) {
    for (std::uint64_t c = 0; c < 25; ++c) {
      Random random(c, variant.name + "blocks");
      const auto layer = test::random_case(random, {.widest_bits = variant.accelerator->container_bits()});
      const test::MappedCase mapped(layer, *variant.accelerator, {});
      const auto& input = mapped.input();
      const auto prepared = variant.accelerator->prepare(input);
      const arch::Block whole = arch::whole_layer(input.mapping);
      Cycles parts;
      for (const auto set : whole.window_sets) {
        for (const auto pass : whole.passes) {
          parts += variant.accelerator->price(input, *prepared, {{pass}, {set}}).compute;
        }
      }
      INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe());
      CHECK(parts >= variant.accelerator->price(input, *prepared, whole).compute);
    }
  }
}

// On one tile every pass has one filter set, so that groups run one after another in either case.
TEST_CASE("on one tile, groups that share the tiles cost what groups in sequence cost") {
  for (const auto& variant : test::all_variants()) {
    auto parameters = variant.parameters;
    parameters["tiles"] = 1;
    const auto accelerator = test::make_accelerator(*variant.model, parameters);
    for (std::uint64_t c = 0; c < 40; ++c) {
      Random random(c, variant.name + "one tile");
      const auto layer = test::random_case(random, {.widest_bits = accelerator->container_bits()});
      if (layer.layer.geometry.groups == 1) continue;
      arch::MappingOptions options;
      const test::MappedCase in_sequence(layer, *accelerator, options);
      options.lowering.groups = workload::Groups::parallel;
      const test::MappedCase sharing(layer, *accelerator, options);
      INFO(variant.name << " " << parameters.dump() << ": " << layer.describe());
      CHECK(price_all(*accelerator, in_sequence.input()) == price_all(*accelerator, sharing.input()));
    }
  }
}

TEST_CASE("group widths change nothing where no parameter asks for them") {
  for (const auto& variant : test::all_variants()) {
    if (variant.parameters.value("weight_precision", "layer") == "group") continue;
    for (std::uint64_t c = 0; c < 25; ++c) {
      Random random(c, variant.name + "widths");
      const auto layer = test::random_case(random, {.widest_bits = variant.accelerator->container_bits()});
      const test::MappedCase mapped(layer, *variant.accelerator, {});
      arch::LayerInput without = mapped.input();
      without.group_widths.clear();
      INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe());
      CHECK(price_all(*variant.accelerator, mapped.input()) == price_all(*variant.accelerator, without));
      const auto metadata = [&](const arch::LayerInput& input) {
        return variant.accelerator->weight_metadata(input, *variant.accelerator->prepare(input));
      };
      CHECK(metadata(mapped.input()) == metadata(without));
    }
  }
}

TEST_CASE("an all-zero layer costs no more than one with values, and at least one cycle per step") {
  for (const auto& variant : test::all_variants()) {
    for (std::uint64_t c = 0; c < 25; ++c) {
      Random random(c, variant.name + "zero");
      auto layer = test::random_case(random, {.widest_bits = variant.accelerator->container_bits()});
      layer.layer.activation.rep.pad_code = 0;
      const test::MappedCase mapped(layer, *variant.accelerator, {});
      auto zero = layer;
      std::fill(zero.activations.values.begin(), zero.activations.values.end(), 0);
      const test::MappedCase mapped_zero(zero, *variant.accelerator, {});
      INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe());
      CHECK(price_all(*variant.accelerator, mapped_zero.input()).compute <=
            price_all(*variant.accelerator, mapped.input()).compute);
      CHECK(price_all(*variant.accelerator, mapped_zero.input()).compute >= Cycles(1));
    }
  }
}

TEST_CASE("a lower profile precision never adds compute cycles where time follows the profile alone") {
  std::size_t faster = 0;
  for (const auto& variant : test::all_variants()) {
    // Where time follows values, requantized values can have more terms.
    if (variant.accelerator->needs().activations || variant.accelerator->needs().weights) continue;
    for (std::uint64_t c = 0; c < 100; ++c) {
      Random random(c, variant.name + "profile");
      auto layer = test::random_case(random, {.widest_bits = variant.accelerator->container_bits()});
      const test::MappedCase mapped(layer, *variant.accelerator, {});
      const Cycles before = price_all(*variant.accelerator, mapped.input()).compute;
      auto& p = layer.layer.precision;
      const workload::Precision was = p;
      if (!random.chance(3)) p.activation_bits = 1 + static_cast<unsigned>(random.below(p.activation_bits));
      if (!random.chance(3)) p.weight_bits = 1 + static_cast<unsigned>(random.below(p.weight_bits));
      const test::MappedCase lowered(layer, *variant.accelerator, {});
      const Cycles after = price_all(*variant.accelerator, lowered.input()).compute;
      INFO(variant.name << " " << variant.parameters.dump() << ": " << layer.describe() << ", Pa "
                        << was.activation_bits << ", Pw " << was.weight_bits);
      CHECK(after <= before);
      faster += after < before ? 1U : 0U;
    }
  }
  CHECK(faster > 100);
}

TEST_CASE("models refuse unknown parameters and document each of their own") {
  for (const auto& model : models::catalogue()) {
    INFO(model.name);
    CHECK_THROWS_AS(test::make_accelerator(model, {{"no_such_knob", 1}}), Error);
    CHECK(!model.citation.empty());
    for (const auto& parameter : model.parameters) {
      INFO(parameter.name);
      CHECK(!parameter.description.empty());
      CHECK(!parameter.source.empty());
      CHECK(parameter.default_value.has_value());
    }
    CHECK(!test::variants_of(model).empty());
  }
}
