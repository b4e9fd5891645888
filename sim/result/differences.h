// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "sim/result/compare.h"

namespace heddle::result {

// What differs between results beside the design: traces, values, results revisions, fidelities, clocks,
// peaks, memories. The first result is the baseline.
std::vector<Difference> differences_of(std::span<const LabelledResult> results);

// Where the values of a result come from: "trace", or the label of synthetic values.
std::string values_of(const config::Json& result);

}  // namespace heddle::result
