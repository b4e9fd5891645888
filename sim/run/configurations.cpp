// SPDX-License-Identifier: Apache-2.0
#include "sim/run/configurations.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/config/compose.h"
#include "sim/run/shipped.h"

namespace heddle::run {
namespace {

// Refuses the name of a model that no configuration has; the message lists the configurations of the model.
void refuse_model(const std::string& name, std::span<const arch::ModelInfo> models,
                  const std::shared_ptr<const config::FileNames>& shipped) {
  const auto* const kind = config::kind_of(*shipped, "");
  const bool is_model =
      std::any_of(models.begin(), models.end(), [&](const auto& model) { return model.name == name; });
  if (!is_model || config::find_file(kind, "", name)) return;
  std::vector<std::string> of_model;
  for (const auto& candidate : kind->names) {
    const auto file = config::require_file(kind, "", candidate, "");
    if (config::compose(file, {}, shipped).root.value("model", config::Json()) == name)
      of_model.push_back(candidate);
  }
  throw Error(
      ErrorKind::config, "",
      in_quotes(name) + " is a model; expected " +
          (of_model.empty() ? "a configuration"
                            : fmt::format("one of its configurations: {}", fmt::join(of_model, ", "))));
}

}  // namespace

Configurations read_configurations(std::span<const std::string> names, std::span<const std::string> overrides,
                                   std::span<const arch::ModelInfo> models) {
  const auto shipped = shipped_files();
  Configurations out;
  for (const auto& name : names) {
    refuse_model(name, models, shipped);
    out.accelerators.push_back(arch::read_accelerator(find_configuration(name), overrides, models, shipped));
    out.memories.push_back(memory::read_memory_section(out.accelerators.back().document));
  }
  return out;
}

}  // namespace heddle::run
