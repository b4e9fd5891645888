// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/arch/accelerator_config.h"

namespace heddle::app {

// The configuration that `name` stands for, read and checked: a file, or a shipped name. None where there is
// no such file; Error(config | io) where the file is wrong.
std::optional<arch::AcceleratorConfig> find_configuration(const std::string& name);

// What `heddle describe NAME` shows of a configuration: description, source, model, and every key with its
// value.
config::Json configuration_json(const std::string& name, const arch::AcceleratorConfig& config);
// Every value with its dotted path ("clock.frequency_mhz").
std::vector<std::pair<std::string, config::Json>> configuration_values(const arch::AcceleratorConfig& config);
void print_configuration(const std::string& name, const arch::AcceleratorConfig& config);

// What every shipped configuration is, in its own words: an object, name to description.
config::Json shipped_descriptions();

// Throws Error(usage): `name` is none of `words`, no model and no shipped configuration. Names the nearest.
[[noreturn]] void refuse_name(const std::string& command, const std::string& what, const std::string& name,
                              std::vector<std::string> words);

}  // namespace heddle::app
