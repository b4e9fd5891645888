// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/term_encoder.h"

namespace heddle::pricing {

config::Parameter encoder_parameter() {
  return config::Parameter::choice("encoder", kernel::encoder_names())
      .by_default("naf")
      .means(
          "how a magnitude becomes signed powers of two (terms): its set bits, the non-adjacent form, "
          "radix-4 modified Booth digits, or the recoding of DNNsim's Booth option")
      .from("our choice: docs/rules.md#term-encoders");
}

kernel::Encoder encoder_from(const config::Values& values) {
  return kernel::encoder_named(values.text("encoder")).value();
}

std::string encoder_note(kernel::Encoder encoder) {
  return "terms by encoder " + std::string(kernel::name_of(encoder));
}

}  // namespace heddle::pricing
