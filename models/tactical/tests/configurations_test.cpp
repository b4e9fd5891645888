// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "models/tactical/tactical.h"
#include "sim/arch/accelerator_config.h"

namespace {

using namespace heddle;

}  // namespace

TEST_CASE("published and compatibility configurations have the parameters that they state") {
  const std::string root = std::string(HEDDLE_SOURCE_DIR) + "/configs/";
  const auto params = [&](const std::string& file) {
    const auto config = arch::read_accelerator(root + file, {}, models::catalogue());
    return dynamic_cast<const models::tactical::Tactical&>(*config.accelerator).params();
  };
  using models::tactical::BackEnd;
  CHECK(params("accelerators/tcle.json").back_end == BackEnd::terms);
  CHECK(params("accelerators/tclp.json").back_end == BackEnd::precision);
  CHECK(params("accelerators/tclp_l8_1_6.json").pattern.offsets().size() == 7);
  CHECK(params("accelerators/tcle_x_bound.json").pattern.unlimited());
  // As many multiply-accumulates per cycle as its baseline, dpnn_1k: 4 x 16 x 1 x 16.
  CHECK(arch::read_accelerator(root + "accelerators/tcl_parallel.json", {}, models::catalogue())
            .accelerator->shape()
            .lanes() == 1024);
  CHECK(arch::read_accelerator(root + "accelerators/dpnn_1k.json", {}, models::catalogue())
            .accelerator->shape()
            .lanes() == 1024);
  CHECK(params("accelerators/tcle_8b.json").array.container_bits == 8);
  for (const char* name : {"tcl", "tclp", "tcle"}) {
    const auto p = params(std::string("compat/dnnsim/") + name + ".json");
    CHECK(p.schedule.slot_priority == models::tactical::SlotPriority::most);
    CHECK(p.schedule.drop_trailing_zeros);
    CHECK(p.tile_sync == models::tactical::TileSync::lockstep);
    CHECK(p.registers == 0);
    CHECK(p.array.shape.tiles == 16);
  }
}
