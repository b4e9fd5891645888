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

// Whether a name of column 8 or a later one says something else than its place: strides stand there, the one
// along the height first, then the fields that extra_fields_of() knows.
bool says_otherwise(std::size_t column, const std::string& name) {
  const auto holds = [&name](const char* part) { return name.find(part) != std::string::npos; };
  const bool is_width = holds("stridew") || holds("widthstride") || name == "sw";
  const bool is_height = holds("strideh") || holds("heightstride") || name == "sh";
  if (column == kConvolutionFields) return is_width || holds("pad") || holds("group") || holds("dilat");
  return is_height || holds("pad") || holds("group") || holds("dilat");
}

// As misplaced(), of the columns behind the filters of a convolution.
std::string misplaced_behind(const std::vector<std::string>& heading) {
  for (std::size_t i = kConvolutionFields - 1; i < heading.size(); ++i) {
    if (says_otherwise(i + 1, plain(heading[i])))
      return fmt::format("the heading calls column {} {}", i + 1, in_quotes(heading[i]));
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
  if (!is_of_convolutions(names)) return misplaced(names, kProduct);
  const std::string first = misplaced(names, kConvolution);
  return first.empty() ? misplaced_behind(names) : first;
}

}  // namespace heddle::importers
