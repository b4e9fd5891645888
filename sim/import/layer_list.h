// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/config/json_document.h"
#include "sim/workload/network.h"

namespace heddle::importers {

// Builds the manifest of a network whose foreign description lists layers but no graph: each layer reads the
// one before it. Where a layer's input has another shape than that output, an operation of unknown kind
// (pooling, branches) is inserted between them.
class LayerList {
 public:
  // `layer` needs id, op, geometry and precision; files and representations of its operands are written as
  // given.
  void add(const workload::Layer& layer);
  // The manifest without `files`; `provenance` needs at least `tool`.
  [[nodiscard]] config::Json manifest(const std::string& name, std::uint32_t samples,
                                      config::Json provenance) const;

 private:
  std::string fit(const workload::Layer& layer);
  config::Json layers_ = config::Json::array();
  std::string last_ = kInput;
  std::vector<std::uint64_t> shape_;  // of the output of `last_`; empty: the network's input, of any shape
  static constexpr const char* kInput = "input";
};

}  // namespace heddle::importers
