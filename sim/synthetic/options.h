// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace heddle::synthetic {

// Raised whenever the same seed gives other values.
inline constexpr unsigned kGeneratorVersion = 1;

// What a user chooses of synthetic values: synthetic[:SEED][,zeros=SHARE][,prune=SHARE], where a colon stands
// before the first choice (docs/synthetic-values.md).
struct Options {
  std::uint64_t seed = 0;
  double zeros_share = 0;  // of activations behind a ReLU
  double prune_share = 0;  // of each filter's weights: the smallest become zero

  // "synthetic:7,zeros=0.524,prune=0.5": every choice, also those left to their defaults.
  [[nodiscard]] std::string label() const;
};

// What `text` asks for. Throws Error(usage) at `where` with the nearest legal form.
Options parse_options(const std::string& text, const std::string& where);

// Whether the text asks for the values of the trace ("trace") and not for drawn ones.
bool asks_for_trace(const std::string& text);

}  // namespace heddle::synthetic
