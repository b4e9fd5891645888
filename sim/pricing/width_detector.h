// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/accelerator.h"
#include "sim/kernel/width.h"
#include "sim/kernel/width_dnnsim.h"

namespace heddle::pricing {

// The rule for the serial width of a group of values: the papers' kernel::width() or kernel::width_dnnsim().
enum class WidthRule : std::uint8_t { papers, dnnsim };
// Reads the parameter "width_rule": "dnnsim", or the word that a design has for its papers' rule.
inline WidthRule width_rule_from(const config::Values& values) {
  return values.text("width_rule") == "dnnsim" ? WidthRule::dnnsim : WidthRule::papers;
}

// The settings of width detection for one operand of a layer.
struct WidthDetector {
  WidthRule rule = WidthRule::papers;
  bool is_signed = false;
  bool trim_low = false;

  // DNNsim treats a tensor as signed when one of its values is negative, Heddle when its representation is
  // signed.
  static WidthDetector of_activations(WidthRule rule, bool trim_low, const arch::LayerInput& input) {
    return {rule,
            rule == WidthRule::dnnsim ? input.has_negative_activations : input.layer.activation.rep.is_signed,
            trim_low};
  }
  static WidthDetector of_weights(WidthRule rule, bool trim_low, const arch::LayerInput& input) {
    return {rule, rule == WidthRule::dnnsim ? input.has_negative_weights : input.layer.weight.rep.is_signed,
            trim_low};
  }

  [[nodiscard]] unsigned width(kernel::GroupBits group) const {
    return rule == WidthRule::dnnsim ? kernel::width_dnnsim(group.folded, is_signed, trim_low)
                                     : kernel::width(group, is_signed, trim_low);
  }
};

}  // namespace heddle::pricing
