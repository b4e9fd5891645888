// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/trace/manifest.h"
#include "sim/trace/manifest_node.h"

namespace heddle::trace {

// What the reader of one layer needs from the rest of the manifest.
struct LayerContext {
  const std::map<std::string, FileEntry>& files;
  std::vector<std::string>& warnings;
  std::uint32_t samples = 0;
  bool newer = false;
};

workload::Layer read_layer(const ManifestNode& node, std::size_t index, const LayerContext& context);

// Checks the limits of all layers together.
void check_extent(const ManifestNode& root, const workload::Network& network);

}  // namespace heddle::trace
