// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/arch/accelerator.h"

namespace heddle::models {

// Every accelerator of the project, sorted by name: one row per folder under models/.
const std::vector<arch::ModelInfo>& catalogue();

}  // namespace heddle::models
