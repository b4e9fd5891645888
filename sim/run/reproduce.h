// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator.h"

namespace heddle::run {

// One published comparison as configs/papers/comparisons.json states it.
struct Comparison {
  std::string paper;
  std::string claim;
  double published = 0;  // the figure as printed
  std::string source;    // where it was read
  std::string baseline;  // configurations, relative to configs/
  std::string design;
  std::string layers;  // convolutions | fully_connected | all
  std::vector<std::string> networks;
  // shapes: computable from shapes and profiles alone, so `expected` and `tolerance` are a test.
  // trend: needs the papers' own trained networks; ours show the direction only.
  bool is_trend = false;
  double expected = 0;
  double tolerance = 0;
  std::string reason;  // of the tolerance, or what the trend leaves out
};

struct NetworkSpeedup {
  std::string network;
  double speedup = 0;
};

struct Reproduction {
  Comparison comparison;
  std::vector<NetworkSpeedup> networks;
  double geometric_mean = 0;
  std::vector<std::string> assumptions;  // of the design's configuration
  // Shapes only: whether the mean is within the tolerance of what is expected.
  [[nodiscard]] bool holds() const;
};

// `data` is the folder that holds configs/ and traces/. Throws Error(config) for a malformed list.
std::vector<Comparison> read_comparisons(const std::filesystem::path& data);

// Cycles of the baseline over cycles of the design, compute only, per network and as geometric mean.
Reproduction reproduce(const Comparison& comparison, const std::filesystem::path& data,
                       std::span<const arch::ModelInfo> catalogue);

}  // namespace heddle::run
