// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim_line.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/import/text_fields.h"

namespace heddle::importers {
namespace {

constexpr unsigned kWidestPrecision = 16;

// Whether the text is meant to state a precision: Pa or Pw in upper or lower case, and an equals sign
// somewhere behind it.
bool names_precision(const std::string& text) {
  if (text.size() < 2 || (text[0] != 'P' && text[0] != 'p')) return false;
  const auto role = std::tolower(static_cast<unsigned char>(text[1]));
  return (role == 'a' || role == 'w') && trimmed(text.substr(2)).starts_with('=');
}

void read_precision(const std::string& text, TopologyLine& line) {
  const std::string name = text[1] == 'a' || text[1] == 'A' ? "Pa" : "Pw";
  const std::string bits = trimmed(text.substr(text.find('=') + 1));
  unsigned& out = name == "Pa" ? line.activation_bits : line.weight_bits;
  if (out != 0) throw Error(ErrorKind::workload, line.where, "precision " + name + " is stated twice");
  const auto value = whole_number(bits, line.where, "precision " + name + ", in bits", 1, kWidestPrecision);
  out = static_cast<unsigned>(value);
}

// Reads the precisions of the text; returns what is left of it.
std::string read_words(const std::string& text, TopologyLine& line) {
  // "Pa = 9" is one statement, whatever blanks are around its sign.
  std::string joined;
  for (const char c : text) {
    if (c == '=') joined.erase(joined.find_last_not_of(" \t") + 1);
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank || joined.empty() || joined.back() != '=') joined += c;
  }
  std::istringstream words(joined);
  std::string rest;
  for (std::string word; words >> word;) {
    if (names_precision(word)) {
      read_precision(word, line);
    } else {
      rest += (rest.empty() ? "" : " ") + word;
    }
  }
  return rest;
}

}  // namespace

bool is_number(const std::string& field) {
  return !field.empty() &&
         std::all_of(field.begin(), field.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::uint32_t TopologyLine::dimension(std::size_t index, const char* what) const {
  return static_cast<std::uint32_t>(whole_number(fields[index], where, what, 1, kMostLayerDimension));
}

TopologyLine parse_topology_line(const std::string& text, const std::string& where) {
  TopologyLine out;
  out.where = where;
  out.fields = split(text, ",");
  const std::string last = out.fields.back();
  out.fields.pop_back();
  const bool lacks_one =
      out.fields.size() == kConvolutionFields - 1 || out.fields.size() == kProductFields - 1;
  if (lacks_one && is_number(last)) {
    out.fields.push_back(last);
  } else {
    out.remark = read_words(last, out);
  }
  for (std::size_t i = kProductFields; i < out.fields.size();) {
    const bool was_empty = out.fields[i].empty();
    out.fields[i] = read_words(out.fields[i], out);
    if (out.fields[i].empty() && !was_empty) {
      out.fields.erase(out.fields.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  while (!out.fields.empty() && out.fields.back().empty()) out.fields.pop_back();
  // One version of SCALE-Sim names the processor that a layer runs on.
  if (!out.fields.empty() && (out.fields.back() == "NPU" || out.fields.back() == "GPU")) {
    out.remark = out.fields.back();
    out.fields.pop_back();
  }
  return out;
}

}  // namespace heddle::importers
