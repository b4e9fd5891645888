// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/config/json_document.h"

namespace heddle::result {

// The JSON Schema (draft-07) of result.json. Keys that a configuration or a trace declares (parameters,
// mapping, memory, accuracy, provenance) take any value.
nlohmann::ordered_json result_schema();

// The tables of docs/results.md in Markdown: every key of result.json and every counter.
std::string result_tables();

}  // namespace heddle::result
