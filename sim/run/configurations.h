// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator_config.h"
#include "sim/memory/memory_config.h"

namespace heddle::run {

// The configurations of an experiment: accelerators and their memory sections, in the order of the names.
struct Configurations {
  std::vector<arch::AcceleratorConfig> accelerators;
  std::vector<memory::MemoryConfig> memories;
};

// Reads and checks configurations completely, memory sections and devices included. Each name is a file or
// a shipped configuration; the overrides (path=value) apply to every one. `models` outlives the result.
// Throws Error(config | io).
Configurations read_configurations(std::span<const std::string> names, std::span<const std::string> overrides,
                                   std::span<const arch::ModelInfo> models);

}  // namespace heddle::run
