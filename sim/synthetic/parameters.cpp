// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/parameters.h"

#include <string_view>

#include <nlohmann/json.hpp>

namespace heddle::embedded {
extern const std::string_view synthetic_parameters;
}

namespace heddle::synthetic {
namespace {

Parameters read() {
  const auto all = nlohmann::json::parse(embedded::synthetic_parameters).at("parameters");
  const auto value = [&](const char* name) { return all.at(name).at("value").get<double>(); };
  return {.weight_peak_per_mean = value("weight_peak_per_mean"),
          .weight_most_mean = value("weight_most_mean"),
          .weight_filter_spread = value("weight_filter_spread"),
          .activation_zeros_share = value("activation_zeros_share"),
          .activation_peak_per_mean = value("activation_peak_per_mean"),
          .activation_most_mean = value("activation_most_mean"),
          .activation_cell = static_cast<std::uint32_t>(value("activation_cell")),
          .activation_jitter = value("activation_jitter"),
          .image_cell = static_cast<std::uint32_t>(value("image_cell")),
          .image_jitter = value("image_jitter")};
}

}  // namespace

const Parameters& parameters() {
  static const Parameters kParameters = read();
  return kParameters;
}

}  // namespace heddle::synthetic
