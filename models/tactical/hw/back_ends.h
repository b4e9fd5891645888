// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "models/tactical/hw/packed_array_impl.h"
#include "models/tactical/prepared.h"
#include "sim/hw/bit_true/bit_serializer.h"
#include "sim/hw/bit_true/term_serializer.h"

namespace heddle::models::tactical {

// Adds the first digits to a waveform file.
void trace_digits(sc_core::sc_trace_file* file, const std::array<hw::Digit, kMaxOperands>& digits,
                  const std::string& name);

// The bit-parallel back end: one multiplier per lane and an adder tree, one packed column per cycle.
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

// The serial back ends: in each cycle the bus carries one digit per operand. A unit's first stage shifts each
// selected weight by the digit's offset, a tree adds the weights with the digits' signs, and the second stage
// places the sum. Where values are wider than a unit, the units on neighbouring columns work side by side,
// each on its subword of the bits or of the magnitude; one word then carries the digits of all subwords, at
// most kSubwords.
template <std::uint32_t kSubwords>
struct SerialBackEnd {
  struct Wires {
    std::array<hw::Digit, kMaxOperands> digits{};
    // What a digit of 1 with offset 0 counts for, one value per serializer: one for the column, or one per
    // row.
    std::array<std::int32_t, kMaxRows> counts{};
    friend bool operator==(const Wires&, const Wires&) = default;
  };
  struct Word {
    hw::ElementControl control;
    std::uint8_t subwords_in_use = 1;
    std::array<Wires, kSubwords> subwords{};
    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) {
      return out << "digits of window " << word.control.window;
    }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name) {
      trace_digits(file, word.subwords[0].digits, name);
      sc_core::sc_trace(file, word.subwords[0].counts[0], name + "_counts");
      sc_core::sc_trace(file, word.control.last, name + "_last");
    }
  };
  static std::int64_t products(const Word& word, std::uint32_t row, const WeightColumn& column);

  // The serializers of one column: bits of a detected width, or terms through a shared first-stage shift.
  class Feed {
   public:
    explicit Feed(const Tactical& model) : model_(model) {}
    void begin(const Operands& operands);
    bool next(Word& word);

   private:
    // Operands that share a width or a shift; one serializer per subword, of either kind.
    struct Share {
      std::vector<std::size_t> operands;
      std::array<hw::BitSerializer, kSubwords> bits;
      std::array<hw::TermSerializer, kSubwords> terms;
    };
    void begin_subword(Share& share, std::uint32_t subword);
    // Both return whether the subword has nothing left to send.
    bool send_bits(const Share& share, std::uint32_t subword, std::int32_t& counts, Wires& wires) const;
    bool send_terms(Share& share, std::uint32_t subword, std::int32_t& counts, Wires& wires) const;
    [[nodiscard]] bool is_precision() const { return model_.params().back_end == BackEnd::precision; }

    const Tactical& model_;
    hw::BitCode code_;
    std::vector<std::int32_t> values_;
    std::vector<Share> shares_;
    std::uint32_t subwords_ = 1;
    std::uint32_t cycle_ = 0;
    bool idle_ = false;
  };
};

}  // namespace heddle::models::tactical
