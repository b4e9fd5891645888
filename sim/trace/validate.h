// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace heddle::trace {

// Checks all rules of traces/FORMAT.md: JSON Schema, SHA256SUMS, every file listed exactly once, and every
// tensor loaded and compared with what its manifest states. Returns the warnings; throws on the first error.
std::vector<std::string> validate_trace(const std::filesystem::path& path);

}  // namespace heddle::trace
