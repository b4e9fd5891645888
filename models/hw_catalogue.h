// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "sim/hw/bit_true/array.h"

namespace heddle::models {

// The bit-true array of a configured accelerator; `name` is its SystemC instance name. Must be called
// before the first sc_start. The accelerator outlives the array. The model has elements
// (ModelInfo::has_elements), and the accelerator does not refuse to run bit-true.
std::unique_ptr<hw::BitTrueArray> build_array(const std::string& model, const arch::Accelerator& accelerator,
                                              const char* name);

}  // namespace heddle::models
