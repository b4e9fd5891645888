// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::kernel {

// How a magnitude is recoded into signed powers of two ("terms"). Each takes the value's own sign.
//   raw     one term per set bit
//   naf     non-adjacent form, the fewest signed digits
//   booth4  radix-4 modified Booth digits
//   ioe     the rule of the Pragmatic group's later simulator: a scan from the top bit with a flag
enum class Encoder : std::uint8_t { raw, naf, booth4, ioe };

inline constexpr std::array kEncoders{Encoder::raw, Encoder::naf, Encoder::booth4, Encoder::ioe};

std::string_view name_of(Encoder encoder);
std::vector<std::string> encoder_names();
std::optional<Encoder> encoder_named(std::string_view name);

// Magnitudes reach 65,535 (unsigned 16-bit containers); 65,536 is accepted too. Exponents reach 16.
inline constexpr std::uint32_t kMaxMagnitude = 65536;
inline constexpr unsigned kExponents = 17;

constexpr std::uint32_t magnitude_of(std::int32_t value) {
  return value < 0 ? 0U - static_cast<std::uint32_t>(value) : static_cast<std::uint32_t>(value);
}

// The terms of one magnitude: bit e of `positive` is +2^e, of `negative` -2^e. The exponents of one
// magnitude are distinct, so that both together fit one mask.
struct TermMasks {
  std::uint32_t positive = 0;
  std::uint32_t negative = 0;
  [[nodiscard]] constexpr std::uint32_t exponents() const { return positive | negative; }
};

// magnitude <= kMaxMagnitude.
TermMasks recode(Encoder encoder, std::uint32_t magnitude);

struct Term {
  std::uint8_t exponent;
  bool negative;
};

// In ascending order of exponent, the order in which Pragmatic's lanes consume them.
class TermList {
 public:
  explicit TermList(TermMasks masks);
  [[nodiscard]] const Term* begin() const { return terms_.data(); }
  [[nodiscard]] const Term* end() const { return terms_.data() + size_; }
  [[nodiscard]] unsigned size() const { return size_; }

 private:
  std::array<Term, kExponents> terms_{};
  unsigned size_ = 0;
};

inline TermList terms(Encoder encoder, std::uint32_t magnitude) {
  return TermList(recode(encoder, magnitude));
}

// Bit e is set when the magnitude has a term +-2^e.
inline std::uint32_t term_exponents(Encoder encoder, std::uint32_t magnitude) {
  return recode(encoder, magnitude).exponents();
}

// Tables indexed by magnitude, 0 .. kMaxMagnitude; built on first use, safely from any thread.
std::span<const std::uint8_t> term_count_table(Encoder encoder);
std::span<const std::uint32_t> exponent_table(Encoder encoder);
// The most terms that a magnitude of this many bits has; up to 16 bits.
unsigned most_terms(Encoder encoder, unsigned bits);

// Bulk forms over signed values: out[i] from |values[i]|. Equal sizes.
void count_terms(Encoder encoder, std::span<const std::int32_t> values, std::span<std::uint8_t> out);
void term_exponents(Encoder encoder, std::span<const std::int32_t> values, std::span<std::uint32_t> out);

// Elementwise maximum over rows: counts is [rows][maxima.size()], maxima[i] = max over rows of
// counts[row][i] (0 for no rows). With 16 counts per brick these are Laconic's per-lane maxima of all steps
// at once. counts.size() is a multiple of maxima.size().
void max_terms_per_lane(std::span<const std::uint8_t> counts, std::span<std::uint8_t> maxima);

}  // namespace heddle::kernel
