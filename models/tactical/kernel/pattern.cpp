// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/kernel/pattern.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/quantity.h"

namespace heddle::models::tactical {
namespace {

constexpr int kPatternLanes = 16;

[[noreturn]] void refuse(std::string_view text) {
  throw Error(
      ErrorKind::config, "pattern",
      "expected L<h,d> with h from 1, d 0..15 and h + d up to 253, T<2,5> or X<inf,15>, with h + d + 1 after "
      "the letter or "
      "nothing, such as L8<1,6>, or places (columns,lanes) one after the other, such as (1,0)(1,-1); got " +
          in_quotes(text));
}

// Removes the number with which `text` begins, and returns it.
std::optional<unsigned> take_number(std::string_view& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "(1,0)(2,-1)...".
std::vector<Offset> listed_offsets(std::string_view text) {
  std::vector<Offset> offsets;
  for (std::string_view rest = text; !rest.empty();) {
    if (!take(rest, "(")) refuse(text);
    const auto columns = take_number(rest);
    if (!take(rest, ",")) refuse(text);
    const bool is_negative = take(rest, "-");
    if (!is_negative) take(rest, "+");
    const auto lanes = take_number(rest);
    if (!take(rest, ")") || !columns || !lanes || *columns > kMaxAhead || *lanes > kMaxAside) refuse(text);
    const int signed_lanes = is_negative ? -static_cast<int>(*lanes) : static_cast<int>(*lanes);
    offsets.push_back({static_cast<std::uint8_t>(*columns), static_cast<std::int8_t>(signed_lanes)});
  }
  return offsets;
}

std::vector<Offset> l_offsets(unsigned h, unsigned d) {
  std::vector<Offset> offsets;
  for (unsigned i = 1; i <= h; ++i) offsets.push_back({static_cast<std::uint8_t>(i), 0});
  for (unsigned i = 1; i <= d; ++i) offsets.push_back({1, static_cast<std::int8_t>(-static_cast<int>(i))});
  return offsets;
}

std::vector<Offset> t_offsets() {
  return {{1, 0}, {2, 0}, {1, -1}, {2, -2}, {1, 1}, {2, 2}, {1, -3}};
}

}  // namespace

Pattern Pattern::parse(std::string_view text) {
  if (text == "X<inf,15>") return {std::string(text), {}};
  if (text.starts_with('(')) return of_offsets(listed_offsets(text));
  std::string_view rest = text;
  const bool is_t = take(rest, "T");
  if (!is_t && !take(rest, "L")) refuse(text);
  const auto inputs = take_number(rest);
  if (!take(rest, "<")) refuse(text);
  const auto h = take_number(rest);
  if (!take(rest, ",")) refuse(text);
  const auto d = take_number(rest);
  if (!h || !d || rest != ">" || *h < 1 || *h > kMaxAhead || *d > kMaxAside || *h + *d > kMaxOffsets)
    refuse(text);
  if (is_t && (*h != 2 || *d != 5)) refuse(text);
  if (inputs && *inputs != *h + *d + 1) refuse(text);
  return {std::string(text), is_t ? t_offsets() : l_offsets(*h, *d)};
}

Pattern Pattern::of_offsets(std::span<const Offset> offsets) {
  const auto place = [](Offset o) { return o.columns * kPatternLanes + (o.lanes & (kPatternLanes - 1)); };
  std::vector<int> places;
  std::string text;
  for (const Offset o : offsets) {
    std::string name("(");
    name.append(std::to_string(o.columns)).append(",").append(std::to_string(o.lanes)).append(")");
    if (o.columns < 1 || o.columns > kMaxAhead || std::abs(o.lanes) > static_cast<int>(kMaxAside)) {
      throw Error(ErrorKind::config, "pattern",
                  "place " + name + " is not 1..253 columns and -15..15 lanes away");
    }
    if (std::find(places.begin(), places.end(), place(o)) != places.end()) {
      throw Error(ErrorKind::config, "pattern", "place " + name + " is listed twice (lanes wrap modulo 16)");
    }
    places.push_back(place(o));
    text += name;
  }
  if (places.empty() || places.size() > kMaxOffsets) {
    throw Error(ErrorKind::config, "pattern",
                "expected 1 to 253 places, got " + std::to_string(places.size()));
  }
  return {text, {offsets.begin(), offsets.end()}};
}

Pattern Pattern::dnnsim() const {
  Pattern other = *this;
  if (text_.starts_with('T')) {
    for (Offset& o : other.offsets_) o.lanes = static_cast<std::int8_t>(-o.lanes);
  }
  std::sort(other.offsets_.begin(), other.offsets_.end());
  return other;
}

unsigned Pattern::lookahead() const {
  unsigned h = 0;
  for (const Offset o : offsets_) h = std::max<unsigned>(h, o.columns);
  return h;
}

unsigned Pattern::select_bits_per_weight() const {
  return ceil_log2(offsets_.size() + 1);
}
unsigned Pattern::skip_bits_per_column() const {
  return unlimited() ? 0 : ceil_log2(lookahead() + 1);
}

}  // namespace heddle::models::tactical
