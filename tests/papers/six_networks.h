// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::test {

// Cycles of a shipped paper configuration ("stripes_micro16/stripes") on one of the six networks
// ("alexnet-100"), over the layers that `which` selects. Counting only, no memory.
using Select = std::function<bool(const workload::Layer&)>;
std::uint64_t paper_cycles(const std::string& config, const std::string& network, const Select& which);

// Geometric mean over the six networks of baseline / design.
double geometric_mean_speedup(const std::string& baseline, const std::string& design,
                              const std::string& profile, const Select& which);

inline bool convolutions(const workload::Layer& layer) {
  return layer.op == workload::Op::conv2d;
}
inline bool fully_connected(const workload::Layer& layer) {
  return layer.is_fully_connected();
}
inline bool everything(const workload::Layer&) {
  return true;
}

extern const std::vector<std::string> kSixNetworks;

}  // namespace heddle::test
