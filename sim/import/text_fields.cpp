// SPDX-License-Identifier: Apache-2.0
#include "sim/import/text_fields.h"

#include <charconv>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/utf8.h"

namespace heddle::importers {

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(ErrorKind::io, file.string(), "cannot be read");
  const std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) throw Error(ErrorKind::io, file.string(), "cannot be read");
  std::string_view text = without_byte_order_mark(content);
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    const bool is_pair = text.substr(end).starts_with("\r\n");
    text.remove_prefix(end + (is_pair ? 2 : 1));
  }
  return out;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> split(const std::string& line, const std::string& separators) {
  std::vector<std::string> out;
  std::size_t start = 0;
  for (;;) {
    const auto end = line.find_first_of(separators, start);
    out.push_back(trimmed(line.substr(start, end == std::string::npos ? end : end - start)));
    if (end == std::string::npos) return out;
    start = end + 1;
  }
}

std::int64_t whole_number(const std::string& field, const std::string& where, const std::string& what,
                          std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failure != std::errc() || end != field.data() + field.size()) {
    throw Error(ErrorKind::workload, where,
                fmt::format("{}: expected a whole number, found {}", what, in_quotes(field)));
  }
  if (value < low || value > high) {
    throw Error(ErrorKind::workload, where,
                fmt::format("{}: expected {} to {}, found {}", what, low, high, value));
  }
  return value;
}

}  // namespace heddle::importers
