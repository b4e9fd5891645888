// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "models/dprs/dprs.h"
#include "sim/base/error.h"
#include "sim/kernel/run_ahead.h"

namespace heddle::models::dprs {
namespace {

using config::Parameter;

void check(const Params& params) {
  if (params.group_size % arch::kLanes != 0) {
    throw Error(ErrorKind::config, "/parameters/group_size",
                fmt::format("{} is not a multiple of 16", params.group_size));
  }
  if (params.group_size > params.array.shape.columns * arch::kLanes) {
    throw Error(
        ErrorKind::config, "/parameters/group_size",
        fmt::format(
            "a group of {} values is more than the {} windows of a tile's columns hold at once (at most {})",
            params.group_size, params.array.shape.columns, params.array.shape.columns * arch::kLanes));
  }
  if (params.width_rule == pricing::WidthRule::dnnsim && params.fully_connected == FullyConnected::cascade) {
    throw Error(ErrorKind::config, "/parameters/fully_connected",
                "DNNsim has no cascade: width_rule dnnsim asks for round_robin");
  }
  if (params.array.pe_width < params.array.container_bits &&
      params.fully_connected == FullyConnected::cascade) {
    throw Error(ErrorKind::config, "/parameters/pe_width",
                "units narrower than the container are composed for fully_connected \"round_robin\" only");
  }
}

}  // namespace

config::Declaration Params::declaration() {
  return {
      arch::tiles_parameter(16, "Dynamic Stripes (arXiv 1706.00504), the array of Stripes"),
      arch::rows_parameter(16, "Stripes (MICRO'16)"),
      arch::columns_parameter(16, "Stripes (MICRO'16)",
                              "windows of a tile: 16, or 8 in the even-only variant"),
      Parameter::integer("group_size", "activations", 16, 4096)
          .by_default(16)
          .means(
              "activations that share a detected width, a multiple of 16: the bricks of group_size / 16 "
              "neighbouring windows. 256 are all windows of a step (Dynamic Stripes), 16 one window's brick")
          .from("DPRed (arXiv 1804.06732): groups of 16 to 256"),
      Parameter::boolean("trim_low")
          .by_default(true)
          .means("also leave out the low bits that are zero in the whole group")
          .from("our choice: docs/rules.md#width-detection; off in Dynamic Stripes (arXiv 1706.00504)"),
      Parameter::choice("width_rule", {"dpred", "dnnsim"})
          .by_default("dpred")
          .means("dpred: highest bit + 1 + s - lowest set bit, s = 1 where the layer's input can be "
                 "negative, and 1 for an all-zero group. "
                 "dnnsim: values travel in one's complement, s = 1 where the tensor has a negative value, "
                 "and an all-zero group counts as if "
                 "bit 0 were set")
          .from("docs/rules.md#width-detection; dnnsim: DNNsim"),
      Parameter::integer("bits_per_cycle", "bits", 1, 2)
          .by_default(1)
          .means("activation bits per cycle; 2 is the even-only variant: ceil(P / 2) cycles, with 8 windows")
          .from("Dynamic Stripes (arXiv 1706.00504)"),
      Parameter::integer_or_word("run_ahead_registers", "weight sets", 0, 65535, {"unlimited"})
          .by_default(0)
          .means(
              "weight-set registers R that let groups of columns drift apart; 0 is a barrier at every step")
          .from("our choice: docs/rules/dprs.md#cycles"),
      Parameter::choice("fully_connected", {"round_robin", "cascade"})
          .by_default("round_robin")
          .means("round_robin: bricks take turns on the columns. cascade: the extension for fully connected "
                 "layers, every unit has weights "
                 "of its own, loaded bit-serially while the activations of the step before stream")
          .from("DPRed (arXiv 1804.06732), the extension; Tartan (arXiv 1707.09068)"),
      Parameter::choice("weight_precision", {"layer", "group"})
          .by_default("layer")
          .means("width of the weights that the cascade loads: the layer's Pw, or the widest group of 16 "
                 "weights (the trace's widths) "
                 "that is loaded")
          .from("our choice: docs/rules/dprs.md#fully-connected"),
      arch::pe_width_parameter(),
      arch::storage_parameter(arch::Storage::compressed,
                              "DPRed (arXiv 1804.06732) compresses groups of 16 in memory"),
      arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  const Params out{.array = arch::ArrayParams::from(values),
                   .group_size = values.count("group_size"),
                   .trim_low = values.flag("trim_low"),
                   .width_rule = pricing::width_rule_from(values),
                   .bits_per_cycle = values.count("bits_per_cycle"),
                   .registers = values.is_word("run_ahead_registers") ? kernel::RunAhead::kUnlimited
                                                                      : values.count("run_ahead_registers"),
                   .fully_connected = values.text("fully_connected") == "cascade"
                                          ? FullyConnected::cascade
                                          : FullyConnected::round_robin,
                   .weight_precision = values.text("weight_precision") == "group" ? WeightPrecision::group
                                                                                  : WeightPrecision::layer};
  check(out);
  return out;
}

}  // namespace heddle::models::dprs
