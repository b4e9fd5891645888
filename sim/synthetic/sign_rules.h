// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "sim/workload/network.h"

namespace heddle::synthetic {

// What a tensor that layers hand to each other holds.
enum class Sign {
  image,     // the network's own input
  positive,  // behind a ReLU, or made of such values only: never negative
  any
};

// Follows the graph of a network from what makes a tensor.
class SignRules {
 public:
  explicit SignRules(const workload::Network& network);

  // Of a layer's output or a network input.
  [[nodiscard]] Sign of(const std::string& source) const;
  // The trace names no function behind any layer: a ReLU is assumed behind every array layer.
  [[nodiscard]] bool assumes_relu() const { return assumes_relu_; }

 private:
  [[nodiscard]] Sign of_layer(const workload::Layer& layer) const;

  bool assumes_relu_;
  std::map<std::string, Sign> signs_;
};

}  // namespace heddle::synthetic
