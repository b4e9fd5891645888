// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace heddle::importers {

// The lines of a text file, without line ends (LF, CR LF or CR) and without a byte order mark. Throws
// Error(io) when it cannot be read.
std::vector<std::string> read_lines(const std::filesystem::path& file);
std::vector<std::string> split(const std::string& line, const std::string& separators);  // trimmed fields
std::string trimmed(const std::string& text);
// The field as a whole number in [low, high]. Throws Error(workload) at `where`, naming `what`.
std::int64_t whole_number(const std::string& field, const std::string& where, const std::string& what,
                          std::int64_t low, std::int64_t high);

}  // namespace heddle::importers
