// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <functional>

#include "sim/hw/bit_true/cascade_array.h"
#include "sim/hw/bit_true/operand_planes.h"

namespace heddle::hw {

// A serial datapath for CascadeArray (Tartan, DPRed's extension): activation bits stream against the
// weights in an element's working registers, while the next step's weights arrive bit-serially in a second
// set. A step takes as long as the wider of the two; the first weights of a run are loaded alone.
struct WeightLoad {
  struct Widths {
    std::uint32_t activation_bits = 0;  // streamed in the step
    std::uint32_t weight_bits = 0;      // loaded during the step
    BitSerializer activations;          // of the column's slice
  };
  std::uint32_t bits_per_cycle = 1;  // 1 or 2, of either kind
  std::function<Widths(const CascadeOperands&)> widths;

  struct Word {
    CascadeControl control;
    OperandPlanes<2> activations;
    std::uint8_t load_place = 0;     // of the first weight bit loaded in this cycle
    std::uint8_t load_bits = 0;      // how many
    bool load_ends_in_sign = false;  // the last of them is a sign bit

    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) { return out << word.activations; }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name) {
      sc_trace(file, word.activations, name);
      sc_core::sc_trace(file, word.load_bits, name + "_load_bits");
      sc_core::sc_trace(file, word.control.pass_ends, name + "_last");
    }
  };

  class Element {
   public:
    void clear() { sum_ = 0; }
    void clock(const Word& word, const CascadeWeights& weights) {
      if (word.control.step_starts) {
        working_ = loading_;
        loading_.fill(0);
      }
      sum_ += word.activations.times(working_.data());
      if (weights.next == nullptr) return;
      for (std::uint32_t i = 0; i < word.load_bits; ++i) {
        const std::uint32_t place = word.load_place + i;
        const bool is_sign = word.load_ends_in_sign && i + 1 == word.load_bits;
        for (std::size_t lane = 0; lane < loading_.size(); ++lane) {
          const auto bit =
              static_cast<std::int32_t>((static_cast<std::uint32_t>(weights.next[lane]) >> place) & 1U);
          loading_[lane] += (is_sign ? -bit : bit) * (1 << place);
        }
      }
    }
    [[nodiscard]] std::int64_t sum() const { return sum_; }

   private:
    std::int64_t sum_ = 0;
    std::array<std::int32_t, workload::kBrick> working_{};
    std::array<std::int32_t, workload::kBrick> loading_{};
  };

  class Feed {
   public:
    Feed(const WeightLoad& design, std::uint32_t) : design_(design) {}
    void begin(const CascadeOperands& operands) {
      operands_ = &operands;
      widths_ = design_.widths(operands);
      const std::uint32_t widest =
          operands.is_load ? widths_.weight_bits : std::max(widths_.activation_bits, widths_.weight_bits);
      cycles_ = static_cast<std::uint32_t>(ceil_div(widest, design_.bits_per_cycle));
      cycle_ = 0;
    }
    bool next(Word& word) {
      const std::uint32_t place = cycle_ * design_.bits_per_cycle;
      if (operands_->slice < operands_->bricks.size()) {
        word.activations.add(widths_.activations, operands_->bricks[operands_->slice], place,
                             design_.bits_per_cycle);
      }
      if (place < widths_.weight_bits) {
        word.load_place = static_cast<std::uint8_t>(place);
        word.load_bits =
            static_cast<std::uint8_t>(std::min(design_.bits_per_cycle, widths_.weight_bits - place));
        word.load_ends_in_sign =
            operands_->input->layer.weight.rep.is_signed && place + word.load_bits == widths_.weight_bits;
      }
      return ++cycle_ >= cycles_;
    }

   private:
    const WeightLoad& design_;
    const CascadeOperands* operands_ = nullptr;
    Widths widths_;
    std::uint32_t cycles_ = 0;
    std::uint32_t cycle_ = 0;
  };
};

}  // namespace heddle::hw
