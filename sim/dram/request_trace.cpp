// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/request_trace.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/utf8.h"

namespace heddle::dram {
namespace {

constexpr std::string_view kForm = "0xADDR READ|WRITE CYCLE, or CYCLE: read|write 0xADDR";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view take_word(std::string_view& line) {
  std::size_t from = 0;
  while (from < line.size() && is_blank(line[from])) ++from;
  std::size_t to = from;
  while (to < line.size() && !is_blank(line[to])) ++to;
  const std::string_view word = line.substr(from, to - from);
  line.remove_prefix(to);
  return word;
}

bool parse_number(std::string_view word, int base, std::uint64_t& out) {
  const auto result = std::from_chars(word.data(), word.data() + word.size(), out, base);
  return result.ec == std::errc() && result.ptr == word.data() + word.size();
}

bool same_word(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - 'a' + 'A') : word[i];
    if (c != upper[i]) return false;
  }
  return true;
}

}  // namespace

TraceReader::TraceReader(std::string_view text, std::string name)
    : text_(without_byte_order_mark(text)), name_(std::move(name)) {}

std::string TraceReader::where() const {
  return fmt::format("{}:{}", name_, line_number_);
}

void TraceReader::refuse(const std::string& what) const {
  throw Error(ErrorKind::workload, where(), fmt::format("{}; a line reads {}", what, kForm));
}

std::string_view TraceReader::line() {
  const std::size_t end = text_.find('\n');
  const std::string_view line = text_.substr(0, end);
  text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
  ++line_number_;
  return line;
}

std::optional<TraceRequest> TraceReader::next() {
  while (!text_.empty()) {
    const std::string_view whole = line();
    std::string_view rest = whole;
    const std::string_view word = take_word(rest);
    if (word.empty() || word.front() == '#') continue;
    const bool has_colon = word.find(':') != std::string_view::npos || take_word(rest).starts_with(':');
    return has_colon ? parse_dramsys(whole) : parse(whole);
  }
  return std::nullopt;
}

std::uint64_t TraceReader::address(std::string_view word) {
  address_text_ = word;
  std::uint64_t value = 0;
  const bool prefixed = word.size() > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
  if (!prefixed || !parse_number(word.substr(2), 16, value)) {
    refuse(fmt::format("expected a hexadecimal address below 2^64 after 0x, found {}", in_quotes(word)));
  }
  return value;
}

Kind TraceReader::kind(std::string_view word) const {
  if (same_word(word, "WRITE")) return Kind::write;
  if (same_word(word, "READ")) return Kind::read;
  static const std::array<std::string, 2> kKinds{"READ", "WRITE"};
  refuse(fmt::format("expected READ or WRITE, found {}{}", in_quotes(word), suggestion(word, kKinds)));
}

Cycle TraceReader::cycle(std::string_view word) const {
  constexpr Cycle kLast = Cycle{1} << 60U;  // leaves room for any run after it
  Cycle value = 0;
  if (!parse_number(word, 10, value) || value > kLast) {
    refuse(fmt::format("expected a cycle from 0 to 2^60, found {}", in_quotes(word)));
  }
  return value;
}

void TraceReader::end(std::string_view rest, const char* after) const {
  const std::string_view extra = take_word(rest);
  if (!extra.empty() && extra.front() != '#')
    refuse(fmt::format("unexpected {} after the {}", in_quotes(extra), after));
}

TraceRequest TraceReader::parse(std::string_view line) {
  TraceRequest request;
  request.address = address(take_word(line));
  const std::string_view kind_word = take_word(line);
  if (kind_word.empty()) refuse("the line ends after the address");
  request.kind = kind(kind_word);
  const std::string_view cycle_word = take_word(line);
  if (cycle_word.empty()) refuse("the line ends before the cycle");
  request.cycle = cycle(cycle_word);
  end(line, "cycle");
  return request;
}

TraceRequest TraceReader::parse_dramsys(std::string_view line) {
  TraceRequest request;
  const std::size_t colon = line.find(':');
  std::string_view before = line.substr(0, colon);
  line.remove_prefix(colon + 1);
  request.cycle = cycle(take_word(before));
  const std::string_view kind_word = take_word(line);
  if (kind_word.empty()) refuse("the line ends after the cycle");
  if (kind_word.front() == '(') {
    refuse(fmt::format("the length {} of a request is not read; --request-bytes states it for all",
                       in_quotes(kind_word)));
  }
  request.kind = kind(kind_word);
  const std::string_view address_word = take_word(line);
  if (address_word.empty()) refuse("the line ends before the address");
  request.address = address(address_word);
  end(line, "address");
  return request;
}

std::string dramsim3_line(const TraceRequest& request) {
  return fmt::format("{:#x} {} {}\n", request.address, request.kind == Kind::write ? "WRITE" : "READ",
                     request.cycle);
}

std::string dramsys_line(const TraceRequest& request) {
  return fmt::format("{}: {} {:#x}\n", request.cycle, request.kind == Kind::write ? "write" : "read",
                     request.address);
}

}  // namespace heddle::dram
