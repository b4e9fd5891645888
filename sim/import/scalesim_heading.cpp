// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim_heading.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "sim/base/nearest.h"
#include "sim/import/text_fields.h"

namespace heddle::importers {
namespace {

constexpr std::array<const char*, kProductFields - 1> kProduct{"m", "n", "k"};
constexpr std::array<const char*, kConvolutionFields - 2> kConvolution{
    "ifmapheight", "ifmapwidth", "filterheight", "filterwidth", "channels", "numfilter"};

// Letters only, in lower case: "IFMAP Height" and "ifmap_height" are the same.
std::string plain(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0)
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

template <class Names>
std::string misplaced(const TopologyLine& heading, const Names& names) {
  for (std::size_t i = 0; i < names.size() && i + 1 < heading.fields.size(); ++i) {
    const std::string called = plain(heading.fields[i + 1]);
    if (called == names[i] || std::find(names.begin(), names.end(), called) == names.end()) continue;
    return fmt::format("the heading calls column {} {}", i + 2, in_quotes(heading.fields[i + 1]));
  }
  return {};
}

}  // namespace

bool is_comment(const std::string& text) {
  const std::string line = trimmed(text);
  return line.starts_with('#') || line.starts_with("//");
}

bool holds_numbers(const TopologyLine& line) {
  return line.fields.size() > 1 && std::any_of(line.fields.begin() + 1, line.fields.end(), is_number);
}

bool is_heading(const TopologyLine& line) {
  return line.fields.size() >= kProductFields && !holds_numbers(line);
}

std::string misplaced_column(const TopologyLine& heading) {
  return heading.fields.size() < kConvolutionFields - 1 ? misplaced(heading, kProduct)
                                                        : misplaced(heading, kConvolution);
}

}  // namespace heddle::importers
