// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::importers {

// The layers of a SCALE-Sim topology: shapes only. Convolutions ("Layer name, IFMAP Height, IFMAP Width,
// Filter Height, Filter Width, Channels, Num Filter, Strides," and optionally "N:M,"; heights include
// padding; a layer whose name contains DP is depthwise, with Num Filter filters per channel) or matrix
// products ("Layer, M, N, K," and optionally a batch). SCALE-Sim ignores the text after a line's last comma;
// there a line may state its precisions, "Pa=9 Pw=11", which are otherwise 16 bits. As in SCALE-Sim the last
// window may exceed the input, which is padded at the bottom and on the right. Throws Error(workload | io)
// with file and line.
std::vector<workload::Layer> read_scalesim(const std::filesystem::path& file);

// Writes the trace; returns the number of layers.
std::size_t import_scalesim(const std::filesystem::path& file, const std::filesystem::path& trace);

}  // namespace heddle::importers
