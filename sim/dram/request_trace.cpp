// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/request_trace.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::dram {
namespace {

constexpr std::string_view kForm = "0xADDR READ|WRITE CYCLE";

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
    return parse(whole);
  }
  return std::nullopt;
}

TraceRequest TraceReader::parse(std::string_view line) const {
  TraceRequest request;
  const std::string_view address = take_word(line);
  const bool prefixed = address.size() > 2 && address[0] == '0' && (address[1] == 'x' || address[1] == 'X');
  if (!prefixed || !parse_number(address.substr(2), 16, request.address)) {
    refuse(fmt::format("expected a hexadecimal address below 2^64 after 0x, found {}", in_quotes(address)));
  }
  const std::string_view kind = take_word(line);
  if (same_word(kind, "WRITE")) {
    request.kind = Kind::write;
  } else if (!same_word(kind, "READ")) {
    static const std::array<std::string, 2> kKinds{"READ", "WRITE"};
    refuse(kind.empty() ? "the line ends after the address"
                        : fmt::format("expected READ or WRITE, found {}{}", in_quotes(kind),
                                      suggestion(kind, kKinds)));
  }
  const std::string_view cycle = take_word(line);
  if (cycle.empty()) refuse("the line ends before the cycle");
  constexpr Cycle kLast = Cycle{1} << 60U;  // leaves room for any run after it
  if (!parse_number(cycle, 10, request.cycle) || request.cycle > kLast) {
    refuse(fmt::format("expected a cycle from 0 to 2^60, found {}", in_quotes(cycle)));
  }
  if (const std::string_view extra = take_word(line); !extra.empty() && extra.front() != '#') {
    refuse(fmt::format("unexpected {} after the cycle", in_quotes(extra)));
  }
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
