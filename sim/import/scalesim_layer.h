// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/import/scalesim_heading.h"
#include "sim/import/scalesim_line.h"
#include "sim/workload/network.h"

namespace heddle::importers {

// The shape of a line's layer, without name and precisions; `named` are the fields that the heading names
// behind the strides, or behind K. Throws Error(workload).
workload::Layer convolution_of(const TopologyLine& line, const std::vector<ExtraField>& named);
workload::Layer product_of(const TopologyLine& line, const std::vector<ExtraField>& named);

bool states_sparsity(const TopologyLine& line);

}  // namespace heddle::importers
