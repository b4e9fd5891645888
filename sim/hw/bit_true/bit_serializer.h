// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/hw/bit_true/subword_place.h"
#include "sim/pricing/width_detector.h"
#include "sim/workload/bricks.h"

namespace heddle::hw {

// The code in which bits travel, the lowest first. In two's complement the topmost bit counts negative. In
// one's complement (DNNsim) negative values are sent complemented and are subtracted; each of them still
// lacks 1, which follows in a last plane, that of the sign.
struct BitCode {
  bool ones_complement = false;
  bool is_signed = false;
  bool trim_low = false;  // low bits that are zero in the whole group are not sent
  friend bool operator==(const BitCode&, const BitCode&) = default;
};
// The code of the values that a detector looks at. DNNsim counts the low bits of magnitudes, so they travel
// in one's complement.
inline BitCode code_of(const pricing::WidthDetector& detector) {
  return {detector.rule == pricing::WidthRule::dnnsim, detector.is_signed, detector.trim_low};
}

// One bit of each value of a group, as it crosses the wires: a digit -1, 0 or 1.
struct BitPlane {
  static constexpr std::uint8_t kNone = 255;
  std::uint8_t at = 0;           // which bit of the value
  std::uint8_t sign_at = kNone;  // one's complement: the sign bit, which complements and negates
  std::int32_t counts = 0;       // what a digit of 1 counts for; 0: there is no such plane

  [[nodiscard]] int digit(std::int32_t value) const {
    const bool negative = sign_at != kNone && bit(value, sign_at) != 0;
    return negative ? static_cast<int>(bit(value, at)) - 1 : static_cast<int>(bit(value, at));
  }
  // The digits of a brick: lanes that have a 1, and lanes that have a -1.
  struct Lanes {
    std::uint16_t positive = 0;
    std::uint16_t negative = 0;
  };
  [[nodiscard]] Lanes lanes(workload::Brick values) const {
    const std::uint16_t bits = cut(values, at);
    if (sign_at == kNone) return {bits, 0};
    const std::uint16_t signs = cut(values, sign_at);
    return {static_cast<std::uint16_t>(bits & ~signs), static_cast<std::uint16_t>(signs & ~bits)};
  }

  friend bool operator==(const BitPlane&, const BitPlane&) = default;

 private:
  static std::uint32_t bit(std::int32_t value, unsigned place) {
    return static_cast<std::uint32_t>(value) >> place & 1U;
  }
  static std::uint16_t cut(workload::Brick values, unsigned place) {
    std::uint32_t out = 0;
    for (std::size_t lane = 0; lane < workload::kBrick; ++lane) out |= bit(values[lane], place) << lane;
    return static_cast<std::uint16_t>(out);
  }
};

// Sends one subword of the values of a group, bit after bit: OR trees over the group, detectors of the
// leading and the trailing one, and the planes in between. In a signed tensor the topmost bit of a lower
// subword acts as its sign (DNNsim). A subword that is read as negative is 2^bits too small, so the sign's
// plane carries into the next subword.
class BitSerializer {
 public:
  BitSerializer() = default;
  explicit BitSerializer(BitCode code, SubwordPlace subword = {}) : code_(code), subword_(subword) {}
  // Two's complement, as wide as the layer says: nothing is detected.
  static BitSerializer of_width(unsigned width, bool is_signed, SubwordPlace subword = {});

  // Joins a value to the group.
  void see(std::int32_t value) {
    const std::uint32_t bits = subword_.bits_of(static_cast<std::uint32_t>(value));
    low_ |= bits;
    folded_ |= is_negative(value) ? ~bits & subword_.mask() : bits;
  }
  void see(workload::Brick values) {
    for (const std::int32_t value : values) see(value);
  }

  [[nodiscard]] unsigned planes() const;
  [[nodiscard]] BitPlane plane(unsigned index) const;

 private:
  struct Range {
    unsigned first;
    unsigned end;
  };
  [[nodiscard]] Range range() const;
  [[nodiscard]] unsigned sign_place() const { return subword_.first() + subword_.bits - 1; }
  [[nodiscard]] bool is_negative(std::int32_t value) const {
    return code_.is_signed && (static_cast<std::uint32_t>(value) >> sign_place() & 1U) != 0;
  }

  BitCode code_;
  SubwordPlace subword_;
  unsigned width_ = 0;        // 0: detected
  std::uint32_t folded_ = 0;  // OR of the subwords, negative ones complemented
  std::uint32_t low_ = 0;     // OR of the subwords
};

}  // namespace heddle::hw
