// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::models::tactical {

// Places that a schedule's one-byte codes can number, beside the own weight and the two kinds of empty slots.
inline constexpr std::size_t kMaxOffsets = 253;
// The most columns that a place may lie ahead.
inline constexpr unsigned kMaxAhead = 253;
inline constexpr unsigned kMaxAside = 15;  // lanes wrap modulo 16

// A place from which a Bit-Tactical slot may take a weight: `columns` later (dt >= 1), `lanes` further,
// modulo 16.
struct Offset {
  std::uint8_t columns;
  std::int8_t lanes;
  friend constexpr auto operator<=>(const Offset&, const Offset&) = default;
};

// The places that a slot's multiplexer reaches, in the order in which the scheduler searches them
// (Bit-Tactical, arXiv 1803.03688).
class Pattern {
 public:
  // "L<h,d>" (h >= 1, d <= 15, h + d <= 253), "T<2,5>" or "X<inf,15>"; a number after the letter is the
  // multiplexer's inputs and must be h + d + 1, as in "L8<1,6>". Otherwise the places themselves, in search
  // order, as in "(1,0)(2,0)(1,-1)". Throws an Error(config) that names what was expected.
  static Pattern parse(std::string_view text);
  // From any list of up to 253 distinct places, 1..253 columns and -15..15 lanes away. Throws Error(config).
  static Pattern of_offsets(std::span<const Offset> offsets);

  // DNNsim's version: T with mirrored lanes, places searched in ascending order of (dt, dlane).
  [[nodiscard]] Pattern dnnsim() const;

  // X: reaches any later weight of the filter and has no list of places.
  [[nodiscard]] bool unlimited() const { return offsets_.empty(); }
  [[nodiscard]] std::span<const Offset> offsets() const { return offsets_; }
  // h: how many columns ahead the farthest place is; 0 when unlimited.
  [[nodiscard]] unsigned lookahead() const;
  [[nodiscard]] const std::string& text() const { return text_; }

  // Metadata that is stored with the weights; an unlimited pattern has none.
  [[nodiscard]] unsigned select_bits_per_weight() const;
  [[nodiscard]] unsigned skip_bits_per_column() const;

 private:
  Pattern(std::string text, std::vector<Offset> offsets)
      : text_(std::move(text)), offsets_(std::move(offsets)) {}

  std::string text_;
  std::vector<Offset> offsets_;
};

}  // namespace heddle::models::tactical
