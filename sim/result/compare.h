// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "sim/result/record.h"

namespace heddle::result {

// Results side by side; the first is the baseline: speedup = its cycles / theirs, per layer and in total.
// The records must be of the same trace (Error(usage) otherwise).
nlohmann::ordered_json compare_json(std::span<const config::Json> results);
std::string compare_table(std::span<const config::Json> results);

// A result.json that was read: checks format and version. `where` is the file.
void check_result(const config::Json& result, const std::string& where);

}  // namespace heddle::result
