// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "sim/hw/bit_true/array.h"

namespace heddle::models {

// Whether the model has bit-true processing elements (models/<model>/hw).
bool has_array(const std::string& model);

// The bit-true array of a configured accelerator; `name` is its SystemC instance name. Must be called
// before the first sc_start. The accelerator outlives the array. Throws Error(config) at the key `fidelity`
// for a model without elements.
std::unique_ptr<hw::BitTrueArray> build_array(const std::string& model, const arch::Accelerator& accelerator,
                                              const char* name);

}  // namespace heddle::models
