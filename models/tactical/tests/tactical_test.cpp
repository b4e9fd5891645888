// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/tactical.h"

#include <map>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "models/tactical/tests/naive_scheduler.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;
using config::Json;

const arch::ModelInfo& tactical_model() {
  return arch::find_model(models::catalogue(), "tactical", "test");
}

std::unique_ptr<arch::Accelerator> build(const Json& parameters) {
  return test::make_accelerator(tactical_model(), parameters);
}

arch::Cost price(const arch::Accelerator& accelerator, const test::LayerCase& layer,
                 const arch::MappingOptions& mapping = {}) {
  const test::MappedCase mapped(layer, accelerator, mapping);
  const auto prepared = accelerator.prepare(mapped.input());
  return accelerator.price(mapped.input(), *prepared, arch::whole_layer(mapped.input().mapping));
}

std::uint64_t cycles(const Json& parameters, const test::LayerCase& layer) {
  return price(*build(parameters), layer).compute.count();
}

std::uint64_t metadata_bits(const Json& parameters, const test::LayerCase& layer) {
  const auto accelerator = build(parameters);
  const test::MappedCase mapped(layer, *accelerator, {});
  return accelerator->weight_metadata(mapped.input(), *accelerator->prepare(mapped.input())).count();
}

// A filter of `columns` columns whose weights are 1 at the given (t, lane) and 0 elsewhere; one output.
using Places = std::vector<std::pair<std::size_t, std::size_t>>;
test::LayerCase one_filter(std::size_t columns, const Places& nonzeros, unsigned activation_bits = 16) {
  Random random(1, "one filter");
  auto out =
      test::fully_connected(random, static_cast<std::uint32_t>(16 * columns), 1, activation_bits, 16, false);
  std::fill(out.weights.values.begin(), out.weights.values.end(), 0);
  std::fill(out.activations.values.begin(), out.activations.values.end(), 0);
  for (const auto& [t, lane] : nonzeros) out.weights.values[16 * t + lane] = 1;
  return out;
}

Json parallel(const std::string& pattern) {
  return {{"tiles", 1}, {"columns", 1}, {"back_end", "parallel"}, {"pattern", pattern}};
}

}  // namespace

TEST_CASE("the scheduler examples of docs/rules/tactical.md, end to end") {
  const auto diagonal = one_filter(3, {{0, 0}, {1, 1}, {2, 2}});
  CHECK(cycles(parallel("T<2,5>"), diagonal) == 1);
  CHECK(cycles(parallel("L<1,6>"), diagonal) == 2);
  CHECK(cycles(parallel("T<2,5>"), one_filter(7, {{0, 0}, {6, 0}})) == 3);
  CHECK(cycles(parallel("T<2,5>"), one_filter(9, {})) == 3);
  CHECK(cycles(parallel("L<1,6>"), one_filter(9, {})) == 4);
  // The ideal bound emits nothing, and DNNsim drops trailing zeros. Both still cost a cycle.
  CHECK(cycles(parallel("X<inf,15>"), one_filter(9, {})) == 1);
  Json dropped = parallel("T<2,5>");
  dropped["trailing_zero_columns"] = "dropped";
  CHECK(cycles(dropped, one_filter(9, {})) == 1);
}

TEST_CASE("a pattern may be a list of places") {
  // Non-zeros at (0,0), (1,1), (3,4). Lane 1 takes (1,1) through (1,0); (3,4) comes to lane 2 of column 0
  // through (3,+2), which no shipped pattern reaches.
  const auto layer = one_filter(4, {{0, 0}, {1, 1}, {3, 4}});
  CHECK(cycles(parallel("(1,0)(3,2)"), layer) == 1);
  CHECK(cycles(parallel("(1,0)"), layer) == 2);  // h = 1: column 1 is skipped, 2 is kept and takes (3,4)
  // The places of T<2,5> in its order give the same schedule for any layer.
  for (std::uint64_t c = 0; c < 20; ++c) {
    Random random(c, "places");
    const auto any = test::random_case(random, {});
    CHECK(price(*build(parallel("(1,0)(2,0)(1,-1)(2,-2)(1,1)(2,2)(1,-3)")), any) ==
          price(*build(parallel("T<2,5>")), any));
  }
}

TEST_CASE("a dense layer takes as long as on the bit-parallel baseline") {
  Random random(2, "dense");
  auto layer = test::convolution(random, 20, 5, 40, 2, 8, 8, false);
  for (auto& w : layer.weights.values) w = w == 0 ? 1 : w;
  // 4 x 4 windows, 2 x 2 x ceil(20/16) = 8 steps, ceil(40 / (2 x 16)) = 2 passes. The last brick has 4 of 16
  // lanes: slots of lanes without a channel are zeros that promotions may fill, so look ahead is switched off
  // by making the weights' columns full.
  auto full = test::convolution(random, 32, 5, 40, 2, 8, 8, false);
  for (auto& w : full.weights.values) w = w == 0 ? 1 : w;
  CHECK(cycles({{"tiles", 2}, {"columns", 1}, {"back_end", "parallel"}}, full) == 16 * 8 * 2);
  CHECK(cycles({{"tiles", 2}, {"columns", 1}, {"back_end", "parallel"}}, layer) < 16 * 8 * 2);
  // Weights that are made at run time are not packed, whatever their values.
  layer.layer.weight.source = "query";
  std::fill(layer.weights.values.begin(), layer.weights.values.end(), 0);
  CHECK(cycles({{"tiles", 2}, {"columns", 1}, {"back_end", "parallel"}}, layer) == 16 * 8 * 2);
  CHECK(metadata_bits({{"tiles", 2}, {"columns", 1}, {"back_end", "parallel"}}, layer) == 0);
}

TEST_CASE("packing gains at most h + 1, counted over whole runs of h + 1 columns") {
  const std::map<std::string, std::uint64_t> reach{{"T<2,5>", 2}, {"L<1,6>", 1}, {"L<5,2>", 5}};
  for (const auto& [pattern, h] : reach) {
    const auto accelerator =
        build({{"tiles", 2}, {"rows", 4}, {"columns", 2}, {"back_end", "parallel"}, {"pattern", pattern}});
    for (std::uint64_t c = 0; c < 60; ++c) {
      Random random(c, "gain");
      const auto layer = test::random_case(random, {});
      const auto cost = price(*accelerator, layer);
      INFO(pattern << " " << layer.describe());
      // Every h + 1 consecutive columns hold one that is kept, so a set of n keeps at least floor(n / (h +
      // 1)): a gain of h + 1, and a little more only where n is no multiple (9 columns of
      // docs/rules/tactical.md give 4 with L<1,6>).
      const test::MappedCase mapped(layer, *accelerator, {});
      const std::uint64_t steps = mapped.input().mapping.steps;
      CHECK(cost.events[1] >= cost.events[0] / steps * (steps / (h + 1)));
      CHECK(cost.events[1] <= cost.events[0]);
    }
  }
}

TEST_CASE(
    "zeros that hold their place slow a column down unless they are gated; vacated and filled slots do not") {
  // One packed column: lane 0's own weight, (1,1) and (2,2) in lanes 1 and 2, zeros in lanes 3 to 15.
  auto layer = one_filter(3, {{0, 0}, {1, 1}, {2, 2}}, 8);
  auto& a = layer.activations.values;
  a[0] = 1;       // bit 0
  a[1] = 64;      // lane 1 of column 0 was filled: not read
  a[16 + 1] = 4;  // promoted into lane 1: bit 2
  a[3] = 128;     // the activation of a zero: bit 7
  a[32 + 2] = 0;
  const Json width{{"tiles", 1}, {"back_end", "precision"}};
  CHECK(cycles(width, layer) == 8);  // bits 0 .. 7
  Json gated = width;
  gated["gate_zero_slots"] = true;
  CHECK(cycles(gated, layer) == 3);  // bits 0 .. 2
  a[0] = 0;
  CHECK(cycles(gated, layer) == 1);  // bit 2 alone, trimmed
  gated["trim_low"] = false;
  CHECK(cycles(gated, layer) == 3);
}

TEST_CASE("a term column takes as long as Pragmatic's: the lists of docs/rules.md take 4 cycles") {
  auto layer = one_filter(1, {{0, 0}, {0, 1}, {0, 2}});
  layer.activations.values[0] = (1 << 1) + (1 << 6) + (1 << 7);
  layer.activations.values[1] = (1 << 0) + (1 << 7);
  layer.activations.values[2] = (1 << 4) + (1 << 8) + (1 << 9);
  CHECK(cycles({{"tiles", 1}, {"encoder", "raw"}, {"first_stage_bits", 2}}, layer) == 4);
  // L = 0: one cycle per distinct exponent (0 1 4 6 7 8 9). A wide first stage: the longest list.
  CHECK(cycles({{"tiles", 1}, {"encoder", "raw"}, {"first_stage_bits", 0}}, layer) == 7);
  CHECK(cycles({{"tiles", 1}, {"encoder", "raw"}, {"first_stage_bits", 4}}, layer) == 3);
  CHECK(price(*build({{"tiles", 1}, {"encoder", "raw"}}), layer).events[3] == 8);
}

TEST_CASE("tiles meet at the end of a window set, or at every column in lockstep") {
  // Two filters on two tiles of one row; 1 window, 48 channels: 3 columns each.
  Random random(3, "tiles");
  auto layer = test::convolution(random, 48, 1, 2, 1, 8, 8, false);
  // Lane 0 of each brick sets the width of its column; filter 0 has weights everywhere, filter 1 in column 0
  // only.
  std::fill(layer.activations.values.begin(), layer.activations.values.end(), 0);
  layer.activations.values[0] = 1;
  layer.activations.values[16] = 128;
  layer.activations.values[32] = 8;
  std::fill(layer.weights.values.begin(), layer.weights.values.end(), 1);
  std::fill(layer.weights.values.begin() + 64, layer.weights.values.end(), 0);
  const Json base{{"tiles", 2},        {"rows", 1},          {"columns", 1}, {"back_end", "precision"},
                  {"trim_low", false}, {"pattern", "L<1,0>"}};
  // Tile 0: widths 1, 8, 4 = 13. Tile 1: column 0 is full (1 cycle), column 1 is skipped, column 2 is all
  // zeros right after a skipped one: emitted, its zeros read lane 0 of column 2: 4 cycles. 5 in all.
  CHECK(cycles(base, layer) == 13);
  Json lockstep = base;
  lockstep["tile_sync"] = "lockstep";
  lockstep["run_ahead_registers"] = 0;
  // Columns side by side: max(1,1) + max(8,4) + 4 = 13.
  CHECK(cycles(lockstep, layer) == 13);
  // Tile 0 takes 1, 4, 1; filter 1 without column 0 takes 4, 1: 6 and 5 cycles when independent, 4 + 4 + 1 in
  // lockstep.
  layer.activations.values[32] = 1;
  layer.activations.values[16] = 8;
  std::fill(layer.weights.values.begin() + 48, layer.weights.values.begin() + 64, 0);
  std::fill(layer.weights.values.begin() + 64, layer.weights.values.end(), 1);
  CHECK(cycles(base, layer) == 6);
  CHECK(cycles(lockstep, layer) == 9);
}

TEST_CASE("metadata: select bits per stored slot, skip bits per packed column") {
  Random random(4, "metadata");
  auto dense = one_filter(3, {});
  std::fill(dense.weights.values.begin(), dense.weights.values.end(), 1);
  // 48 slots; T<2,5> has 8 inputs (3 bits) and skips up to 2 columns (2 bits), L8<1,6> 3 bits and 1 bit.
  CHECK(metadata_bits(parallel("T<2,5>"), dense) == 48 * 3 + 3 * 2);
  CHECK(metadata_bits(parallel("L8<1,6>"), dense) == 48 * 3 + 3 * 1);
  CHECK(metadata_bits(parallel("L<2,5>"), dense) == 48 * 3 + 3 * 2);
  CHECK(metadata_bits(parallel("L<7,8>"), dense) == 48 * 4 + 3 * 3);
  CHECK(metadata_bits(parallel("X<inf,15>"), dense) == 0);
  CHECK(metadata_bits(parallel("T<2,5>"), one_filter(3, {{0, 0}, {1, 1}, {2, 2}})) == 16 * 3 + 2);
}

TEST_CASE("more weight sets never slow a layer down, and lockstep is never faster") {
  for (const char* back_end : {"precision", "terms"}) {
    for (std::uint64_t c = 0; c < 40; ++c) {
      Random random(c, "order");
      const auto layer = test::random_case(random, {});
      Json p{{"tiles", 2}, {"rows", 4}, {"columns", 4}, {"back_end", back_end}, {"run_ahead_registers", 0}};
      const auto r0 = cycles(p, layer);
      p["tile_sync"] = "lockstep";
      const auto lockstep = cycles(p, layer);
      p["tile_sync"] = "independent";
      p["run_ahead_registers"] = 1;
      const auto r1 = cycles(p, layer);
      p["run_ahead_registers"] = "unlimited";
      const auto unlimited = cycles(p, layer);
      INFO(back_end << " " << layer.describe());
      CHECK(lockstep >= r0);
      CHECK(r0 >= r1);
      CHECK(r1 >= unlimited);
    }
  }
}

TEST_CASE("the packing report adds up and shows the moves") {
  const auto accelerator = build(parallel("T<2,5>"));
  const test::MappedCase example(one_filter(3, {{0, 0}, {1, 1}, {2, 2}}), *accelerator, {});
  const auto report = accelerator->packing_report(example.input());
  REQUIRE(report);
  CHECK(report->columns_before == 3);
  CHECK(report->columns_after == 1);
  CHECK(report->own_slots == 1);
  CHECK(report->moved_slots == 2);
  CHECK(report->zero_slots == 13);
  CHECK(report->select_bits + report->skip_bits == 50);
  // Lane 1 has one candidate, (1,1) through (1,0), and goes first; lane 2 is left with (2,2) through (2,0).
  REQUIRE(report->moves.size() == 2);
  CHECK((report->moves[0].columns == 1 && report->moves[0].lanes == 0 && report->moves[0].weights == 1));
  CHECK((report->moves[1].columns == 2 && report->moves[1].lanes == 0 && report->moves[1].weights == 1));
  for (std::uint64_t c = 0; c < 60; ++c) {
    Random random(c, "report");
    const auto layer = test::random_case(random, {});
    const auto ideal = build(parallel(c % 2 == 0 ? "X<inf,15>" : "L<3,4>"));
    const test::MappedCase mapped(layer, *ideal, {});
    const auto r = ideal->packing_report(mapped.input());
    REQUIRE(r);
    INFO(layer.describe());
    CHECK(r->own_slots + r->moved_slots == r->nonzero_weights);
    std::uint64_t rows = 0;
    std::uint64_t weights = 0;
    for (std::size_t n = 0; n < r->rows_by_weights.size(); ++n) {
      rows += r->rows_by_weights[n];
      weights += n * r->rows_by_weights[n];
    }
    CHECK(weights == r->nonzero_weights);
    CHECK(rows * 16 == r->own_slots + r->moved_slots + r->zero_slots + r->empty_slots);
    CHECK(r->columns_after <= r->columns_before);
  }
}

namespace {

// Cycles of window `w` in one column of DNNsim's schedule: the widest row of the activations that it selects.
std::uint64_t widest_row(const arch::LayerInput& input, const test::NaiveScheduler::Emitted& column,
                         std::uint32_t group, std::uint64_t w, bool is_signed, bool minor_bit) {
  std::uint64_t widest = 1;
  for (const auto& row : column.rows) {
    int top = 0;
    int bottom = 99;
    bool any = false;
    for (std::size_t lane = 0; lane < 16; ++lane) {
      if (!row[lane].weight && row[lane].vacated) continue;
      const auto t = static_cast<std::uint32_t>(row[lane].weight ? row[lane].weight->column : column.column);
      const auto from = row[lane].weight ? static_cast<std::size_t>(row[lane].weight->lane) : lane;
      const std::int32_t x = input.activations->brick(
          workload::brick_index(*input.activations, input.lowered, group, w, t))[from];
      const std::int32_t folded = x < 0 ? ~x : x;
      for (int bit = 0; bit < 16; ++bit) {
        if ((folded >> bit & 1) == 0) continue;
        any = true;
        top = std::max(top, bit);
        bottom = std::min(bottom, bit);
      }
    }
    const int msb = top + (is_signed ? 1 : 0);  // all zero: as if bit 0 were set
    widest = std::max(widest, static_cast<std::uint64_t>(msb - (minor_bit && any ? bottom : 0) + 1));
  }
  return widest;
}

// DNNsim's Tactical (docs/rules/dnnsim.md), in its own words: one barrier per step over all tiles,
// the longest list counts, widths per row of the activations that its schedule selects.
std::uint64_t dnnsim_cycles(const test::MappedCase& mapped, const std::string& back_end, bool minor_bit) {
  const auto& input = mapped.input();
  bool is_signed = false;
  for (const auto x : input.activations->values()) is_signed = is_signed || x < 0;
  const auto pattern = models::tactical::Pattern::parse("T<2,5>").dnnsim();
  std::uint64_t total = 0;
  for (const auto& pass : input.mapping.passes) {
    std::vector<test::NaiveScheduler> lists;
    std::size_t longest = 1;
    for (const auto& set : pass) {
      const std::uint32_t steps = input.mapping.steps;
      std::vector<std::uint16_t> nonzero(std::size_t{set.filters} * steps, 0xffff);
      std::size_t used = input.layer.has_run_time_weights() ? steps : 0;
      for (std::uint32_t f = 0; f < set.filters && !input.layer.has_run_time_weights(); ++f) {
        for (std::uint32_t t = 0; t < steps; ++t) {
          std::uint32_t mask = 0;
          for (unsigned l = 0; l < 16; ++l)
            mask |= (input.weights->brick(set.first_filter + f, t)[l] != 0 ? 1U : 0U) << l;
          nonzero[f * steps + t] = static_cast<std::uint16_t>(mask);
          if (mask != 0) used = std::max<std::size_t>(used, t + 1);
        }
      }
      std::vector<std::uint16_t> kept;  // trailing all-zero columns dropped
      for (std::uint32_t f = 0; f < set.filters; ++f)
        kept.insert(kept.end(), nonzero.begin() + f * steps,
                    nonzero.begin() + static_cast<std::ptrdiff_t>(f * steps + used));
      lists.emplace_back(kept, set.filters, pattern, true);
      longest = std::max(longest, lists.back().emitted.size());
    }
    for (const auto& windows : input.mapping.window_sets) {
      for (std::size_t e = 0; e < longest; ++e) {
        std::uint64_t step = 1;
        for (std::size_t tile = 0; tile < lists.size() && back_end == "precision"; ++tile) {
          if (e >= lists[tile].emitted.size()) continue;
          const auto& column = lists[tile].emitted[e];
          for (std::uint64_t w = windows.first; w < windows.first + windows.count; ++w)
            step = std::max(step, widest_row(input, column, pass[tile].group, w, is_signed, minor_bit));
        }
        total += step;
      }
    }
  }
  return total;
}

}  // namespace

TEST_CASE("DNNsim's compute cycles: TCL and TCLp against its rules written down naively") {
  for (std::uint64_t c = 0; c < 60; ++c) {
    Random random(c, "dnnsim");
    const auto layer = test::random_case(random, {});
    if (layer.layer.is_fully_connected()) continue;
    arch::MappingOptions mapping;
    mapping.lowering.window_order = workload::WindowOrder::column_major;
    mapping.lowering.fold_order = workload::FoldOrder::xyc;
    for (const char* back_end : {"parallel", "precision"}) {
      for (const bool minor_bit : {false, true}) {
        const auto accelerator = build({{"tiles", 2},
                                        {"rows", 4},
                                        {"columns", 4},
                                        {"back_end", back_end},
                                        {"pattern_order", "sorted"},
                                        {"slot_priority", "most"},
                                        {"trailing_zero_columns", "dropped"},
                                        {"tile_sync", "lockstep"},
                                        {"run_ahead_registers", 0},
                                        {"width_rule", "dnnsim"},
                                        {"detection", "row"},
                                        {"trim_low", minor_bit}});
        const test::MappedCase mapped(layer, *accelerator, mapping);
        INFO(back_end << " minor_bit " << minor_bit << " " << layer.describe());
        CHECK(price(*accelerator, layer, mapping).compute.count() ==
              dnnsim_cycles(mapped, back_end, minor_bit));
      }
    }
  }
}

TEST_CASE("a pattern that does not exist is refused") {
  CHECK_THROWS_AS(build(parallel("T<3,5>")), Error);
}
