// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/config/json_document.h"
#include "sim/workload/network.h"

namespace heddle::trace {

struct FileEntry {
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct Manifest {
  workload::Network network;
  std::map<std::string, FileEntry> files;
  std::vector<std::string> warnings;  // unknown fields of a newer minor version
};

// Checks everything that needs no tensor: versions, unknown keys, shapes, graph order, precisions,
// representations, and that every file a layer names is listed. Throws Error(workload).
Manifest read_manifest(const config::Document& document);

}  // namespace heddle::trace
