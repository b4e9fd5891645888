// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "sim/result/comparison.h"
#include "sim/result/record.h"

namespace heddle::app {

// Writes result.json and layers.csv, each whole or not at all. Makes the folder. Throws Error(io).
void write_result_folder(const std::filesystem::path& folder, const result::RunRecord& run);

// Writes comparison.json, comparison.csv and comparison.md in the same way.
void write_comparison_folder(const std::filesystem::path& folder,
                             const result::ComparisonDocument& comparison);

}  // namespace heddle::app
