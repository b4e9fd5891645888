// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/config/json_document.h"
#include "sim/result/comparison.h"

namespace heddle::result {

// A result.json that was read: checks format, version and, against the JSON Schema of that version, every
// key. `where` is the file. Throws Error(config).
void check_result(const config::Json& result, const std::string& where);

// Differences that a comparison may accept, although numbers of such results say little about each other.
struct CompareOptions {
  bool allows_different_traces = false;
  bool allows_different_revisions = false;
};

struct LabelledResult {
  std::string label;
  config::Json result;
};

// Results side by side; the first is the baseline. Throws Error(usage) where traces or results revisions
// differ and the options do not allow it. With different traces totals alone are compared.
TraceComparison compare(std::span<const LabelledResult> results, const CompareOptions& options);

// Means over the traces that have the baseline of the first trace, with the accelerators in the first trace's
// order.
std::vector<MeanSpeedup> geometric_means(std::span<const TraceComparison> traces);

nlohmann::ordered_json to_json(const ComparisonDocument& comparison);
// For people: at most 80 columns where names allow it, wide tables cut into several.
std::string to_table(const ComparisonDocument& comparison);
// One row per trace, accelerator and layer; rows of totals have no layer, and means have the network
// "geometric mean".
std::string to_csv(const ComparisonDocument& comparison);
std::string to_markdown(const ComparisonDocument& comparison);

nlohmann::ordered_json comparison_schema();
// The table of keys of docs/results.md.
std::string comparison_tables();

}  // namespace heddle::result
