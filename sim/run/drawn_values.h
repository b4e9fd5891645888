// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/result/record.h"
#include "sim/trace/trace.h"

namespace heddle::run {

// Throws Error(usage) at `where` unless the text is "trace" or a legal form of synthetic values
// (docs/synthetic-values.md).
void check_values(const std::string& values, const std::string& where);

// "trace": does nothing. Synthetic values: makes the trace draw what it has no values for. Throws
// Error(workload) where nothing is missing, or where something missing has a representation that is not
// drawn.
void draw_values(trace::Trace& trace, const std::string& values);

// What results say of drawn values; nothing where all come from the trace.
std::optional<result::SyntheticRecord> synthetic_record(const trace::Trace& trace);

// The sentences that every output of a run with drawn values repeats. `are_read`: whether any count of the
// run depends on values.
std::vector<std::string> synthetic_notes(const trace::Trace& trace, bool are_read);

}  // namespace heddle::run
