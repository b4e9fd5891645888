// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/tactical.h"
#include "sim/kernel/run_ahead.h"

namespace heddle::models::tactical {
namespace {

using config::Parameter;

constexpr const char* kPaper = "Bit-Tactical (arXiv 1803.03688)";
constexpr const char* kDnnsim = "our choice; docs/rules/dnnsim.md#designs";

void append_scheduler(config::Declaration& out) {
  out.push_back(Parameter::text("pattern")
                    .by_default("T<2,5>")
                    .means("where a weight slot may take a weight from: L<h,d> (h columns ahead in its lane, "
                           "d lanes aside), T<2,5>, or "
                           "X<inf,15>, the ideal bound that reaches any later weight of the filter; or up to "
                           "253 places (columns ahead,lanes aside) in search order, such as (1,0)(1,-1)(2,1)")
                    .from(kPaper));
  out.push_back(Parameter::choice("pattern_order", {"published", "sorted"})
                    .by_default("published")
                    .means("order in which a slot's places are searched; sorted: ascending (columns, lanes), "
                           "with T's lanes mirrored, "
                           "as DNNsim does")
                    .from(kDnnsim));
  out.push_back(
      Parameter::choice("slot_priority", {"fewest", "most"})
          .by_default("fewest")
          .means("the zero slot that is filled first: the one with the fewest or the most candidates")
          .from(std::string(kPaper) + "; most: DNNsim"));
  out.push_back(Parameter::choice("trailing_zero_columns", {"kept", "dropped"})
                    .by_default("kept")
                    .means("columns at a filter set's end that are zero in all rows count as columns, or do "
                           "not exist, as in DNNsim")
                    .from(kDnnsim));
  out.push_back(
      Parameter::choice("absent_slots", {"zero", "empty", "first"})
          .by_default("zero")
          .means("slots of lanes in which a filter has no channel (all but one of a depthwise filter): "
                 "zero weights like others; empty, never holding the column back; or empty but in a "
                 "set's first column, where they read its lane 0, as DNNsim does; limited patterns only")
          .from("our choice: docs/rules/tactical.md#scheduler; first: DNNsim"));
  out.push_back(
      Parameter::boolean("gate_zero_slots")
          .by_default(false)
          .means(
              "a slot that holds a zero weight ignores its activation, so that it never holds a column back; "
              "zeros among weights that are made at run time too")
          .from("our choice: docs/rules/tactical.md#zero-slots"));
}

void append_back_end(config::Declaration& out) {
  out.push_back(Parameter::choice("back_end", {"parallel", "precision", "terms"})
                    .by_default("terms")
                    .means("how a packed column is multiplied: bit-parallel (TCL), serially at the width of "
                           "its activations (TCLp), or "
                           "term by term (TCLe)")
                    .from(kPaper));
  out.push_back(
      Parameter::integer_or_word("run_ahead_registers", "weight sets", 0, 1024, {"unlimited"})
          .by_default(1)
          .means("extra weight-set registers R that let a tile's columns drift apart inside a "
                 "window set; 0: a barrier at every "
                 "packed column; no effect on the parallel back end or on fully connected layers")
          .from("our choice: 1 for TCLe, 0 in the shipped TCLp instances; docs/rules/tactical.md#cycles"));
  out.push_back(Parameter::boolean("trim_low")
                    .by_default(true)
                    .means("precision: bits below the lowest set one are not sent either")
                    .from("our choice: docs/rules.md#width-detection"));
  out.push_back(
      Parameter::choice("width_rule", {"group", "dnnsim"})
          .by_default("group")
          .means("precision: the width of a group of activations; dnnsim: signed only if the layer has a "
                 "negative value, both ends "
                 "taken from one's-complemented values, an all-zero group counted as if bit 0 were set")
          .from(kDnnsim));
  out.push_back(pricing::encoder_parameter());
  out.push_back(Parameter::integer("first_stage_bits", "bits", 0, 5)
                    .by_default(2)
                    .means("terms: L, reach of the first-stage shifters: exponents up to 2^L - 1 above the "
                           "column's lowest go together")
                    .from("our choice: docs/rules/tactical.md#cycles"));
  out.push_back(Parameter::choice("detection", {"column", "row"})
                    .by_default("column")
                    .means("width or first-stage shift from all activations that a packed column reads, or "
                           "from each filter row's own, the "
                           "slowest row counting")
                    .from("our choice: docs/rules/tactical.md#cycles; row: DNNsim's TCLe"));
}

Pattern pattern_of(const config::Values& values) {
  const auto pattern = Pattern::parse(values.text("pattern"));
  return values.text("pattern_order") == "sorted" ? pattern.dnnsim() : pattern;
}

}  // namespace

config::Declaration Params::declaration() {
  config::Declaration out{
      arch::tiles_parameter(
          4, std::string(kPaper) +
                 "; 4 tiles are our deduction from its published ratios, docs/rules/tactical.md#array"),
      arch::rows_parameter(16, kPaper, "filters of a tile, packed together", kMaxRows),
      arch::columns_parameter(16, kPaper,
                              "windows of a tile; 1 with the parallel back end, which needs no more to match "
                              "the baseline's bandwidth"),
      arch::pe_width_parameter(),
      arch::storage_parameter(arch::Storage::container, "our choice: docs/rules.md#storage"),
      arch::container_bits_parameter()};
  append_scheduler(out);
  append_back_end(out);
  out.push_back(Parameter::choice("tile_sync", {"independent", "lockstep"})
                    .by_default("independent")
                    .means("tiles walk their packed columns on their own and meet at the end of a window "
                           "set, or column by column")
                    .from("our choice: docs/rules/tactical.md#cycles; lockstep: DNNsim"));
  return out;
}

Params Params::from(const config::Values& values) {
  Params out{.array = arch::ArrayParams::from(values), .pattern = pattern_of(values), .schedule = {}};
  const std::string back_end = values.text("back_end");
  out.back_end = back_end == "parallel"    ? BackEnd::parallel
                 : back_end == "precision" ? BackEnd::precision
                                           : BackEnd::terms;
  out.schedule.slot_priority =
      values.text("slot_priority") == "most" ? SlotPriority::most : SlotPriority::fewest;
  out.schedule.drop_trailing_zeros = values.text("trailing_zero_columns") == "dropped";
  const std::string absent = values.text("absent_slots");
  out.schedule.absent_slots = absent == "first"   ? AbsentSlots::first
                              : absent == "empty" ? AbsentSlots::empty
                                                  : AbsentSlots::zero;
  out.gate_zero_slots = values.flag("gate_zero_slots");
  out.tile_sync = values.text("tile_sync") == "lockstep" ? TileSync::lockstep : TileSync::independent;
  out.registers = values.is_word("run_ahead_registers") ? kernel::RunAhead::kUnlimited
                                                        : values.count("run_ahead_registers");
  out.trim_low = values.flag("trim_low");
  out.width_rule = pricing::width_rule_from(values);
  out.encoder = pricing::encoder_from(values);
  out.first_stage_bits = values.count("first_stage_bits");
  out.detection = values.text("detection") == "row" ? Detection::row : Detection::column;
  return out;
}

}  // namespace heddle::models::tactical
