// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/trace/manifest.h"
#include "sim/trace/manifest_node.h"

namespace heddle::trace {

// What reading one layer of a manifest needs to know of the rest.
struct LayerContext {
  const std::map<std::string, FileEntry>& files;
  std::vector<std::string>& warnings;
  std::uint32_t samples = 0;
  bool newer = false;
};

workload::Layer read_layer(const ManifestNode& node, std::size_t index, const LayerContext& context);

// Layers that are small enough one by one are so together.
void check_extent(const ManifestNode& root, const workload::Network& network);

}  // namespace heddle::trace
