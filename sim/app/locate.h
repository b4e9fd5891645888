// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace heddle::app {

// The folder that holds configs/ and traces/: $HEDDLE_DATA, ../share/heddle beside an installed program,
// or the checkout that a build folder lies in. Empty when there is none.
std::filesystem::path data_folder();

// `name` as a file, or the shipped configuration of that name ("stripes", "papers/stripes_micro16").
// Throws Error(usage) with the nearest shipped name.
std::filesystem::path locate_config(const std::string& name);
std::filesystem::path locate_memory(const std::string& name);
std::filesystem::path locate_trace(const std::string& name);

// A change `--set memory=NAME` or `--set memory.off_chip.device=NAME`, where NAME is that of a shipped memory
// system or device and of no file, with the file in its place; any other change as it is. Throws
// Error(usage) with the nearest name.
std::string with_shipped_memory(const std::string& change);

// Names of shipped configurations relative to configs/accelerators, or to configs/ for other folders.
std::vector<std::string> shipped_configs();
std::vector<std::string> shipped_memories();
std::vector<std::string> shipped_memory_systems();
std::vector<std::string> shipped_traces();

}  // namespace heddle::app
