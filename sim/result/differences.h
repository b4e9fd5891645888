// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "sim/result/compare.h"

namespace heddle::result {

// What differs between results beside the design: traces, results revisions, fidelities, clocks, peaks,
// memories. The first result is the baseline.
std::vector<Difference> differences_of(std::span<const LabelledResult> results);

}  // namespace heddle::result
