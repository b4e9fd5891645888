// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "sim/import/dnnsim_model.h"

namespace heddle::importers {

// The layers with weights of a Caffe network description. Throws Error(workload | io) with file and line.
std::vector<DnnsimLayer> read_prototxt(const std::filesystem::path& file);

}  // namespace heddle::importers
