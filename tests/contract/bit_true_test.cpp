// SPDX-License-Identifier: Apache-2.0
//
// The two central laws, for every model of the catalogue: the outputs of the bit-true array equal integer
// arithmetic, and its cycles equal those of the counting path, for random layers and every option. Each model
// runs in a process of its own: HEDDLE_MODEL names the model, HEDDLE_CASES is the number of random layers per
// variant.
#include <cstdlib>
#include <iostream>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/base/random.h"
#include "sim/run/verify.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

unsigned long environment(const char* name, unsigned long fallback) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : fallback;
}

arch::MappingOptions random_mapping(Random& random) {
  arch::MappingOptions out;
  out.pallet = random.chance(2) ? arch::Pallet::row : arch::Pallet::wrap;
  out.lowering.groups = random.chance(2) ? workload::Groups::parallel : workload::Groups::sequential;
  out.lowering.image_layer = random.chance(3) ? workload::ImageLayer::plain : workload::ImageLayer::folded;
  out.lowering.fold_order = random.chance(2) ? workload::FoldOrder::xyc : workload::FoldOrder::yxc;
  out.lowering.window_order =
      random.chance(3) ? workload::WindowOrder::column_major : workload::WindowOrder::row_major;
  out.lowering.kernel_order =
      random.chance(3) ? workload::KernelOrder::column_major : workload::KernelOrder::row_major;
  out.depthwise = random.chance(2) ? arch::Depthwise::square : arch::Depthwise::bricks;
  out.step_order = random.chance(2) ? arch::StepOrder::windows_first : arch::StepOrder::passes_first;
  return out;
}

std::string selected_model() {
  const char* name = std::getenv("HEDDLE_MODEL");
  return name != nullptr ? name : "";
}

}  // namespace

TEST_CASE("bit-true outputs are exact and cycles equal the counting path", "[bit-true]") {
  const auto cases = environment("HEDDLE_CASES", 150);
  const auto seed = environment("HEDDLE_SEED", 1);
  const std::string wanted = selected_model();
  std::vector<test::Variant> variants;
  for (const auto& model : models::catalogue()) {
    if (!model.has_elements || (!wanted.empty() && model.name != wanted)) continue;
    for (auto& variant : test::variants_of(model)) variants.push_back(std::move(variant));
  }
  REQUIRE(!variants.empty());
  // All arrays are built first, because SystemC elaborates once.
  std::vector<std::unique_ptr<hw::BitTrueArray>> arrays;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    arrays.push_back(models::build_array(variants[i].model->name, *variants[i].accelerator,
                                         ("array" + std::to_string(i)).c_str()));
  }
  std::uint64_t outputs = 0;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const auto& accelerator = *variants[v].accelerator;
    for (unsigned long c = 0; c < cases; ++c) {
      Random random(seed * 1000003 + c, variants[v].name);
      const test::LayerCase layer = test::random_case(random, {.widest_bits = accelerator.container_bits()});
      const arch::MappingOptions mapping = random_mapping(random);
      const test::MappedCase mapped(layer, accelerator, mapping);
      const double fraction = random.chance(3) ? 0.3 : 1.0;
      const auto block = run::sample_block(mapped.input().mapping, fraction, c, "block");
      INFO(variants[v].name << " " << variants[v].parameters.dump() << " case " << c << ": "
                            << layer.describe());
      const auto proof = run::prove_block(
          *arrays[v], accelerator, mapped.input(), block,
          [&](std::uint32_t filter, std::uint64_t window) { return layer.reference(filter, window); });
      CHECK(proof.cycles >= Cycles(1));
      outputs += proof.outputs;
    }
  }
  std::cout << variants.size() << " variants x " << cases << " layers, " << outputs << " outputs compared\n";
  CHECK(outputs > 0);
}
