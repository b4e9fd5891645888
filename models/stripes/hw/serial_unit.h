// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include "models/stripes/stripes.h"
#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array.h"

namespace heddle::models::stripes {

// The serial datapath of Stripes: each cycle a unit ANDs `bits` activation bits of 16 lanes with 16
// bit-parallel weights, adds the products in a tree and accumulates them at the bits' place. Where values
// are wider than `pe_width`, units on neighbouring columns work side by side, each on its block of an
// activation's bits; one word then carries the planes of all blocks.
struct Design {
  const Stripes* model = nullptr;

  struct Word {
    hw::ElementControl control;
    std::array<hw::OperandPlanes, arch::kMostBlocks> blocks{};  // of pe_width bits each, lowest first

    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) { return out << word.blocks[0]; }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name) {
      sc_trace(file, word.blocks[0], name);
      sc_core::sc_trace(file, word.control.last, name + "_last");
    }
  };

  class Element {
   public:
    void clear() { sum_ = 0; }
    void clock(const Word& word, const std::int32_t* weights) {
      for (const auto& block : word.blocks) sum_ += block.times(weights);
    }
    [[nodiscard]] std::int64_t sum() const { return sum_; }

   private:
    std::int64_t sum_ = 0;
  };

  // The dispatcher of one column: cuts the window's brick into bit planes, lowest first.
  class Feed {
   public:
    explicit Feed(const Design& design) : model_(design.model) {}
    void begin(const hw::StepOperands& operands);
    bool next(std::span<Word> words);

   private:
    const Stripes* model_;
    const hw::StepOperands* operands_ = nullptr;
    std::uint32_t precision_ = 0;
    std::uint32_t cycles_ = 0;
    std::uint32_t cycle_ = 0;
    bool is_signed_ = false;
  };
};

}  // namespace heddle::models::stripes
