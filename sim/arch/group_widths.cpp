// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/group_widths.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::arch {
namespace {

using config::Json;
using config::Parameter;

constexpr const char* kSection = "/group_widths";

Error bad_histogram(const config::Document& document, const std::string& key, const std::string& what) {
  const std::string place = std::string(kSection) + "/histogram";
  return {ErrorKind::config, document.where(key.empty() ? place : place + "/" + config::pointer_token(key)),
          what +
              "; expected widths of 1 to 16 bits with their shares of the groups, such as "
              "{\"6\": 0.25, \"9\": 0.75}"};
}

// 0 where the key is no width.
unsigned width_of(const std::string& key) {
  for (unsigned width = 1; width <= 16; ++width) {
    if (key == std::to_string(width)) return width;
  }
  return 0;
}

// A permutation of 0 .. n-1 that spreads neighbours: i * stride mod n. The stride is n / the golden ratio,
// rounded down but at least 1, or the next number that shares no factor with n.
std::size_t stride_of(std::size_t n) {
  auto stride =
      std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(n) * 0.6180339887498949));
  while (std::gcd(stride, n) != 1) ++stride;
  return stride;
}

}  // namespace

config::Declaration AssumedWidths::declaration() {
  return {
      Parameter::number("assumed_mean_bits", "bits", 1, 16)
          .optional()
          .means(
              "mean width that is assumed: the two whole widths around it, in the shares that give this mean")
          .from("our choice: nothing is assumed; docs/configuration.md#group-widths"),
      Parameter::any("histogram")
          .optional()
          .means(
              "shares of the groups by width in bits that are assumed, such as {\"6\": 0.25, \"9\": 0.75}; "
              "shares are divided by their sum")
          .from("our choice: nothing is assumed; docs/configuration.md#group-widths")};
}

AssumedWidths AssumedWidths::from(const config::Document& document, const config::Values& section) {
  AssumedWidths out;
  const bool has_mean = section.has("assumed_mean_bits");
  if (has_mean && section.has("histogram")) {
    throw Error(ErrorKind::config, document.where(std::string(kSection) + "/histogram"),
                "a mean is stated too; expected either \"assumed_mean_bits\" or \"histogram\"");
  }
  if (has_mean) {
    const double mean = section.number("assumed_mean_bits");
    const auto below = static_cast<unsigned>(mean);
    const double rest = mean - below;
    out.shares_.at(below) = 1 - rest;
    if (rest > 0) out.shares_.at(below + 1) = rest;
    out.text_ = fmt::format("a mean of {:g} bits", mean);
    return out;
  }
  if (!section.has("histogram")) return out;
  const Json& histogram = section.json().at("histogram");
  if (!histogram.is_object())
    throw bad_histogram(document, "", "found " + std::string(histogram.type_name()));
  double sum = 0;
  for (const auto& [key, share] : histogram.items()) {
    const unsigned width = width_of(key);
    if (width == 0) throw bad_histogram(document, key, in_quotes(key) + " is no such width");
    if (!share.is_number() || share.get<double>() < 0)
      throw bad_histogram(document, key, "found " + share.dump() + " as a share");
    out.shares_.at(width) = share.get<double>();
    sum += share.get<double>();
  }
  if (!(sum > 0) || !std::isfinite(sum)) throw bad_histogram(document, "", "the shares sum to nothing");
  for (double& share : out.shares_) share /= sum;
  out.text_ = "the histogram " + histogram.dump();
  return out;
}

std::vector<std::uint8_t> AssumedWidths::assign(std::size_t groups, unsigned widest) const {
  HEDDLE_CHECK(is_stated(), "no widths are assumed");
  std::vector<std::uint8_t> out;
  out.reserve(groups);
  double share = 0;
  for (unsigned width = 1; width <= kWidest; ++width) {
    share += shares_.at(width);
    const auto end = width == kWidest
                         ? groups
                         : static_cast<std::size_t>(std::llround(share * static_cast<double>(groups)));
    out.resize(std::max(out.size(), std::min(end, groups)),
               static_cast<std::uint8_t>(std::min(width, widest)));
  }
  if (groups == 0) return out;
  std::vector<std::uint8_t> spread(groups);
  const std::size_t stride = stride_of(groups);
  for (std::size_t i = 0, at = 0; i < groups; ++i, at = (at + stride) % groups) spread[i] = out[at];
  return spread;
}

}  // namespace heddle::arch
