// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace heddle {

// Writes `content` to a temporary name in the same folder and renames it, so that a reader never sees
// half a file. Creates no folder. Throws Error(io).
void write_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace heddle
