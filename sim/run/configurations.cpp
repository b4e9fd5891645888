// SPDX-License-Identifier: Apache-2.0
#include "sim/run/configurations.h"

#include "sim/run/shipped.h"

namespace heddle::run {

Configurations read_configurations(std::span<const std::string> names, std::span<const std::string> overrides,
                                   std::span<const arch::ModelInfo> models) {
  const auto shipped = shipped_files();
  Configurations out;
  for (const auto& name : names) {
    out.accelerators.push_back(arch::read_accelerator(find_configuration(name), overrides, models, shipped));
    out.memories.push_back(memory::read_memory_section(out.accelerators.back().document));
  }
  return out;
}

}  // namespace heddle::run
