// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/arch/accelerator.h"

namespace heddle::run {

// What a paper's figure measures.
enum class Measure {
  speedup,           // cycles of the baseline over cycles of the design, compute only
  compressed_share,  // bits of weights and input activations in DPRed groups, per cent of full containers
  ideal_work         // all bit products over those of terms times terms, as `heddle potential` counts them
};

// One published comparison as configs/papers/comparisons.json states it.
struct Comparison {
  std::string paper;
  std::string claim;
  Measure measure = Measure::speedup;
  double published = 0;  // the value as printed
  bool published_is_approximate = false;
  std::string source;    // where it was read
  std::string baseline;  // speedups only: configurations, relative to configs/
  std::string design;
  std::string layers;           // convolutions | fully_connected | all
  unsigned container_bits = 0;  // of all measures but speedup
  std::vector<std::string> networks;
  // shapes: computable from shapes and profiles alone, so `expected` and `tolerance` are a test.
  // trend: needs the papers' own trained networks; ours show only the direction.
  bool is_trend = false;
  double expected = 0;
  double tolerance = 0;
  std::string reason;  // of the tolerance, or what the trend leaves out
};

struct NetworkFigure {
  std::string network;
  double value = 0;
};

struct Reproduction {
  Comparison comparison;
  std::vector<NetworkFigure> networks;
  double geometric_mean = 0;
  std::vector<std::string> assumptions;  // of the design's configuration
  std::vector<std::string> notes;        // of the design, such as its encoder
  // Shapes only: whether the mean is within the tolerance of the expected value.
  [[nodiscard]] bool holds() const;
};

std::string_view name_of(Measure measure);

// `data` is the folder that holds configs/ and traces/. Throws Error(config) for a malformed list.
std::vector<Comparison> read_comparisons(const std::filesystem::path& data);

// The comparison's measure, per network and as geometric mean. Configurations and traces are shipped
// ones.
Reproduction reproduce(const Comparison& comparison, const std::filesystem::path& data,
                       std::span<const arch::ModelInfo> catalogue);

// Every comparison of a paper; of all papers when `paper` is empty. Throws Error(usage) with the nearest name
// when there is no such paper.
std::vector<Reproduction> reproduce_paper(const std::string& paper, const std::filesystem::path& data,
                                          std::span<const arch::ModelInfo> catalogue);

}  // namespace heddle::run
