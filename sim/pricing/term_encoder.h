// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/config/values.h"
#include "sim/kernel/terms.h"

namespace heddle::pricing {

// The parameter `encoder` of designs that work on terms, its value, and what their reports say of it
// (docs/rules.md#term-encoders: every report prints the encoder it used).
config::Parameter encoder_parameter();
kernel::Encoder encoder_from(const config::Values& values);
std::string encoder_note(kernel::Encoder encoder);

}  // namespace heddle::pricing
