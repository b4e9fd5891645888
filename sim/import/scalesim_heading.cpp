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

// All names of a heading, also one that no comma ends.
std::vector<std::string> names_of(const TopologyLine& heading) {
  std::vector<std::string> names = heading.fields;
  if (!heading.remark.empty()) names.push_back(heading.remark);
  return names;
}

template <class Names>
std::string misplaced(const std::vector<std::string>& heading, const Names& names) {
  for (std::size_t i = 0; i < names.size() && i + 1 < heading.size(); ++i) {
    const std::string called = plain(heading[i + 1]);
    if (called == names[i] || std::find(names.begin(), names.end(), called) == names.end()) continue;
    return fmt::format("the heading calls column {} {}", i + 2, in_quotes(heading[i + 1]));
  }
  return {};
}

bool is_of_convolutions(const std::vector<std::string>& heading) {
  return heading.size() >= kConvolutionFields - 1;
}

}  // namespace

std::vector<ExtraField> extra_fields_of(const TopologyLine& heading) {
  const auto names = names_of(heading);
  std::vector<ExtraField> extra;
  for (std::size_t i = is_of_convolutions(names) ? kConvolutionFields : kProductFields; i < names.size();
       ++i) {
    const std::string name = plain(names[i]);
    if (name.find("sparsity") != std::string::npos) extra.push_back(ExtraField::sparsity);
    if (name.find("batch") != std::string::npos) extra.push_back(ExtraField::batch);
    if (name.find("stride") != std::string::npos) extra.push_back(ExtraField::stride_across);
  }
  return extra;
}

bool is_comment(const std::string& text) {
  const std::string line = trimmed(text);
  return line.starts_with('#') || line.starts_with("//");
}

bool holds_numbers(const TopologyLine& line) {
  return line.fields.size() > 1 && std::any_of(line.fields.begin() + 1, line.fields.end(), is_number);
}

bool is_heading(const TopologyLine& line) {
  return names_of(line).size() >= kProductFields && !holds_numbers(line);
}

std::string misplaced_column(const TopologyLine& heading) {
  const auto names = names_of(heading);
  return is_of_convolutions(names) ? misplaced(names, kConvolution) : misplaced(names, kProduct);
}

}  // namespace heddle::importers
