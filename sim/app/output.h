// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "sim/result/comparison.h"
#include "sim/result/record.h"

namespace heddle::app {

// Refuses before a run what could not be written behind it. Throws Error(io) at `option`: a folder that is
// there must take files, one that is missing must be possible to make; nothing is made.
void check_output_folder(const std::string& option, const std::filesystem::path& folder);
// The same of a file: its folder must take files, and what is there must be a plain file.
void check_output_file(const std::string& option, const std::filesystem::path& file);

// Writes result.json and layers.csv, each whole or not at all. Makes the folder. Throws Error(io).
void write_result_folder(const std::filesystem::path& folder, const result::RunRecord& run);

// Writes comparison.json, comparison.csv and comparison.md in the same way.
void write_comparison_folder(const std::filesystem::path& folder,
                             const result::ComparisonDocument& comparison);

}  // namespace heddle::app
