// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/config/named_files.h"

namespace heddle::run {

// The folder that holds configs/ and traces/: $HEDDLE_DATA, ../share/heddle beside an installed program,
// or the checkout that a build folder lies in. Empty when there is none.
std::filesystem::path data_folder();

// The shipped files that a command line or a configuration may name: accelerator configurations (key ""),
// memory systems (key "memory") and memory devices (key "device").
std::shared_ptr<const config::FileNames> shipped_files();

// The file `name`, or the shipped file of that name ("stripes", "papers/stripes_micro16/stripes"). Throws
// Error(config) with the nearest shipped name.
std::filesystem::path find_configuration(const std::string& name);
std::filesystem::path find_memory_device(const std::string& name);
std::filesystem::path find_trace(const std::string& name);  // a folder or a tar

// Names of shipped configurations relative to configs/accelerators, or to configs/ for other folders.
std::vector<std::string> shipped_configurations();
std::vector<std::string> shipped_memory_devices();
std::vector<std::string> shipped_memory_systems();
std::vector<std::string> shipped_traces();

// The trace that is used where none is given: the quick start.
inline constexpr const char* kDefaultTrace = "denoiser-16b";

}  // namespace heddle::run
