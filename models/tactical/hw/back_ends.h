// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "models/tactical/hw/packed_array.h"
#include "models/tactical/plan.h"

namespace heddle::models::tactical {

// The bit-parallel back end: a multiplier a lane and an adder tree, a packed column a cycle.
struct ParallelBackEnd {
  struct Word {
    hw::ElementControl control;
    std::array<std::int32_t, kMaxOperands> values{};
    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) {
      return out << "operands of window " << word.control.window;
    }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name);
  };
  static std::int64_t products(const Word& word, std::uint32_t row, const WeightColumn& column);

  class Feed {
   public:
    explicit Feed(const Tactical&) {}
    void begin(const Operands& operands) { values_ = operands.values; }
    bool next(Word& word) {
      std::copy(values_.begin(), values_.end(), word.values.begin());
      return true;
    }

   private:
    std::vector<std::int32_t> values_;
  };
};

// A digit on a lane's wire: nothing, or plus or minus 2^offset relative to its serializer's base.
struct Digit {
  std::int8_t sign = 0;
  std::uint8_t offset = 0;
  friend bool operator==(const Digit&, const Digit&) = default;
};

// The serial back ends: each cycle the bus carries a digit an operand. A unit's first stage shifts each
// selected weight by the digit's offset, a tree adds them with their signs, the second stage shifts the sum
// by the base.
struct SerialBackEnd {
  struct Word {
    hw::ElementControl control;
    std::array<Digit, kMaxOperands> digits{};
    std::array<std::uint8_t, kMaxRows> bases{};  // one a serializer: of the column, or of each row
    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) {
      return out << "digits of window " << word.control.window;
    }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name);
  };
  static std::int64_t products(const Word& word, std::uint32_t row, const WeightColumn& column);

  // The serializers of one column: bits of a detected width, or terms through a shared first-stage shift.
  class Feed {
   public:
    explicit Feed(const Tactical& model) : model_(model) {}
    void begin(const Operands& operands);
    bool next(Word& word);

   private:
    // Operands that share a width or a shift.
    struct Share {
      std::vector<std::size_t> operands;
      // Bits: lowest place, cycles of the magnitude or of all planes, total cycles.
      std::uint32_t low = 0;
      std::uint32_t planes = 1;
      std::uint32_t cycles = 1;
      // Terms: what is left to give out.
      std::vector<std::uint32_t> exponents;
      std::vector<std::uint32_t> negatives;
    };
    void detect(Share& share) const;
    void recode(Share& share) const;
    void send_bits(const Share& share, std::uint8_t& base, Word& word) const;
    bool send_terms(Share& share, std::uint8_t& base, Word& word) const;

    const Tactical& model_;
    Detector detector_;
    std::vector<std::int32_t> values_;
    std::vector<Share> shares_;
    std::uint32_t cycle_ = 0;
    bool idle_ = false;
  };
};

}  // namespace heddle::models::tactical
