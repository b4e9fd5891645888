// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <ostream>
#include <string>

#include "models/loom/loom.h"
#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/cascade_array.h"
#include "sim/hw/bit_true/serial_array.h"

namespace heddle::models::loom {

// What crosses a column's bus in a cycle: a few activation bits of 16 lanes, and which weight bit the units
// latch before they use them.
struct Slot {
  hw::OperandPlanes activations;
  bool latches = false;
  std::uint8_t weight_place = 0;
  bool weight_is_sign = false;

  friend bool operator==(const Slot&, const Slot&) = default;
};

template <class Control>
struct SlotWord {
  Control control;
  Slot slot;

  friend bool operator==(const SlotWord&, const SlotWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SlotWord& word) {
    return out << word.slot.activations << " weight bit " << static_cast<unsigned>(word.slot.weight_place);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const SlotWord& word, const std::string& name) {
    sc_trace(file, word.slot.activations, name);
    sc_core::sc_trace(file, word.slot.weight_place, name + "_weight_place");
    sc_core::sc_trace(file, word.slot.latches, name + "_latches");
  }
};

// 16 one-bit weight registers, 16 AND gates for each activation bit, a tree of ones, a shifter and the
// accumulator.
class Unit {
 public:
  void clear() { sum_ = 0; }
  void clock(const Slot& slot, const std::int32_t* weights) {
    if (slot.latches) latch(slot.weight_place, weights);
    for (std::size_t plane = 0; plane < hw::OperandPlanes::kMost; ++plane) {
      const auto products = static_cast<std::uint16_t>(slot.activations.bits[plane] & weight_bits_);
      if (products == 0) continue;
      const std::int64_t placed = std::int64_t{std::popcount(products)} * (std::int64_t{1} << (slot.activations.place + plane + slot.weight_place));
      sum_ += (plane == slot.activations.negative) != slot.weight_is_sign ? -placed : placed;
    }
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  void latch(std::uint32_t place, const std::int32_t* weights) {
    weight_bits_ = 0;
    for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
      const std::uint32_t bit = (static_cast<std::uint32_t>(weights[lane]) >> place) & 1U;
      weight_bits_ = static_cast<std::uint16_t>(weight_bits_ | (bit << lane));
    }
  }
  std::uint16_t weight_bits_ = 0;
  std::int64_t sum_ = 0;
};

// Convolutions, and fully connected layers where bricks take turns.
struct GridDesign {
  const Loom* model = nullptr;

  using Word = SlotWord<hw::ElementControl>;
  struct Element : Unit {
    void clock(const Word& word, const std::int32_t* weights) { Unit::clock(word.slot, weights); }
  };

  // The dispatcher: finds the widths of the step, then streams the activation bits once for every weight
  // bit.
  class Feed {
   public:
    explicit Feed(const GridDesign& design) : model_(*design.model) {}
    void begin(const hw::StepOperands& operands);
    bool next(std::span<Word> words);

   private:
    void find_activation_width();
    void find_weight_width();
    const Loom& model_;
    const hw::StepOperands* operands_ = nullptr;
    std::uint32_t activation_width_ = 1;
    std::uint32_t weight_width_ = 1;
    bool activation_is_signed_ = false;
    bool weight_is_signed_ = false;
    std::uint32_t slots_ = 1;
    std::uint32_t cycle_ = 0;
  };
};

// Fully connected layers: every unit has weights of its own; activations are always as wide as the
// container.
struct ColumnDesign {
  const Loom* model = nullptr;

  using Word = SlotWord<hw::CascadeControl>;
  struct Element : Unit {
    void clock(const Word& word, const hw::CascadeWeights& weights) {
      if (weights.now != nullptr) Unit::clock(word.slot, weights.now);
    }
  };

  class Feed {
   public:
    Feed(const ColumnDesign& design, std::uint32_t) : model_(*design.model) {}
    void begin(const hw::CascadeOperands& operands);
    bool next(Word& word);

   private:
    const Loom& model_;
    const hw::CascadeOperands* operands_ = nullptr;
    std::uint32_t hold_ = 1;
    std::uint32_t cycle_ = 0;
  };
};

}  // namespace heddle::models::loom
