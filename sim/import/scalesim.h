// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::importers {

// What a SCALE-Sim topology holds.
struct Topology {
  std::vector<workload::Layer> layers;   // shapes only
  std::vector<std::string> notes;        // how lines were read that could be read in another way
  std::vector<std::string> assumptions;  // what the file does not state; every result of the trace repeats it
};

// Convolutions ("Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter,
// Strides," where heights include padding; then optionally the stride across and the sparsity N:M) or matrix
// products ("Layer, M, N, K," and optionally a batch). The first line is a heading unless it holds numbers. A
// layer whose name contains DP is depthwise, with Num Filter filters per channel. A convolution whose kernel
// spans the whole input, or one whole row of it, is a linear layer. Precisions ("Pa=9 Pw=11") may stand
// behind the last comma, whose text SCALE-Sim ignores. As in SCALE-Sim the last window may exceed the input,
// which is padded at the bottom and on the right. Throws Error(workload | io) with file and line.
Topology read_scalesim(const std::filesystem::path& file);

// Writes the trace; returns what was read.
Topology import_scalesim(const std::filesystem::path& file, const std::filesystem::path& trace);

}  // namespace heddle::importers
