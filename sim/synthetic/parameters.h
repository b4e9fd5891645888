// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace heddle::synthetic {

// What the generator takes from statistics of real networks, and our choices (parameters.json, where each has
// its source). Means are in steps of the last bit.
struct Parameters {
  double weight_peak_per_mean = 0;  // of magnitudes: largest code of the precision / mean
  double weight_most_mean = 0;      // a wider precision raises the mean no further
  double weight_filter_spread = 0;  // standard deviation / mean of the filters' mean magnitudes
  double activation_zeros_share = 0;
  double activation_peak_per_mean = 0;  // of what is not zero
  double activation_most_mean = 0;
  std::uint32_t activation_cell = 1;  // positions in each direction that vary together
  double activation_jitter = 0;       // how far they vary by themselves; 1: independent
  std::uint32_t image_cell = 1;
  double image_jitter = 0;
};

const Parameters& parameters();

}  // namespace heddle::synthetic
