// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/import/scalesim_line.h"
#include "sim/workload/network.h"

namespace heddle::importers {

// What the heading calls the field behind the strides: SCALE-Sim's files have three of them.
enum class ExtraField { unnamed, sparsity, batch };
ExtraField extra_field_of(const TopologyLine& heading);

// The shape of a line's layer, without name and precisions. Throws Error(workload).
workload::Layer convolution_of(const TopologyLine& line, ExtraField extra);
workload::Layer product_of(const TopologyLine& line, ExtraField extra);

bool states_sparsity(const TopologyLine& line);

}  // namespace heddle::importers
