// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "models/stripes/stripes.h"
#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array_impl.h"

namespace heddle::models::stripes {

// The serial datapath of Stripes: each cycle a unit ANDs `bits` activation bits of 16 lanes with 16
// bit-parallel weights, adds the products in a tree and accumulates them at the bits' place. Where values
// are wider than `pe_width`, units on neighbouring columns work side by side, each on its subword of an
// activation's bits; one word then carries the planes of all subwords.
struct Design {
  const Stripes* model = nullptr;

  struct Word {
    hw::ElementControl control;
    hw::OperandPlanes<2 * arch::kMostSubwords> planes;  // of all subwords

    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) { return out << word.planes; }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name) {
      sc_trace(file, word.planes, name);
      sc_core::sc_trace(file, word.control.last, name + "_last");
    }
  };

  class Element {
   public:
    void clear() { sum_ = 0; }
    void clock(const Word& word, const std::int32_t* weights) { sum_ += word.planes.times(weights); }
    [[nodiscard]] std::int64_t sum() const { return sum_; }

   private:
    std::int64_t sum_ = 0;
  };

  // The feeder of one column: cuts the window's brick into bit planes, lowest first.
  class Feed {
   public:
    explicit Feed(const Design& design) : model_(design.model) {}
    void begin(const hw::StepOperands& operands);
    bool next(std::span<Word> words);

   private:
    const Stripes* model_;
    const hw::StepOperands* operands_ = nullptr;
    std::vector<hw::BitSerializer> serializers_;  // one per subword of pe_width bits
    std::uint32_t cycles_ = 0;
    std::uint32_t cycle_ = 0;
  };
};

}  // namespace heddle::models::stripes
