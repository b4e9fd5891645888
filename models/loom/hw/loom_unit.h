// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "models/loom/loom.h"
#include "sim/hw/bit_true/cascade_array_impl.h"
#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array_impl.h"

namespace heddle::models::loom {

// Where weight widths are found in the values, each row has a detector of its own for each block of its
// weights and sends its own plane of the number asked for.
struct RowDetectors {
  bool in_use = false;
  hw::BitCode code;
  unsigned block_bits = 16;
  unsigned plane = 0;

  [[nodiscard]] hw::BitSerializer detect(std::uint32_t block, std::uint32_t blocks,
                                         workload::Brick weights) const {
    hw::BitSerializer out(code, {block, blocks, block_bits});
    out.see(weights);
    return out;
  }
  friend bool operator==(const RowDetectors&, const RowDetectors&) = default;
};

// What crosses a column's bus in a cycle: a few activation bits of 16 lanes, and which weight bit of each
// block the units latch before they use it, the same in all rows but where `rows` find it.
struct Slot {
  hw::OperandPlanes<2 * 4 * arch::kMostBlocks> activations;  // four bits of each block, with either sign
  bool latches = false;
  std::uint8_t weight_blocks = 1;
  std::array<hw::BitPlane, arch::kMostBlocks> weights{};
  RowDetectors rows;

  friend bool operator==(const Slot&, const Slot&) = default;
};

template <class Control>
struct SlotWord {
  Control control;
  Slot slot;

  friend bool operator==(const SlotWord&, const SlotWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SlotWord& word) {
    return out << word.slot.activations << ", weight bit " << static_cast<unsigned>(word.slot.weights[0].at);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const SlotWord& word, const std::string& name) {
    sc_trace(file, word.slot.activations, name);
    sc_core::sc_trace(file, word.slot.weights[0].at, name + "_weight_place");
    sc_core::sc_trace(file, word.slot.latches, name + "_latches");
  }
};

// 16 one-bit weight registers, 16 AND gates for each activation bit, a tree of ones, a shifter and the
// accumulator; for wide values, that many of them for each pair of blocks, composed to one.
class Unit {
 public:
  void clear() { sum_ = 0; }
  void clock(const Slot& slot, const std::int32_t* weights) {
    if (slot.latches) latch(slot, workload::Brick(weights, arch::kLanes));
    for (std::size_t w = 0; w < weights_.count; ++w) {
      const auto& weight = weights_.planes[w];
      for (std::size_t a = 0; a < slot.activations.count; ++a) {
        const auto& activation = slot.activations.planes[a];
        const auto products = static_cast<std::uint16_t>(activation.bits & weight.bits);
        sum_ += std::int64_t{std::popcount(products)} * activation.counts * weight.counts;
      }
    }
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  void latch(const Slot& slot, workload::Brick weights) {
    weights_.clear();
    for (std::uint32_t block = 0; block < slot.weight_blocks; ++block) {
      weights_.add(slot.rows.in_use
                       ? slot.rows.detect(block, slot.weight_blocks, weights).plane(slot.rows.plane)
                       : slot.weights[block],
                   weights);
    }
  }

  hw::OperandPlanes<2 * arch::kMostBlocks> weights_;
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
  // bit. What is detected is detected in each block on its own; a step takes the widest of all.
  class Feed {
   public:
    explicit Feed(const GridDesign& design) : model_(*design.model) {}
    void begin(const hw::StepOperands& operands);
    bool next(std::span<Word> words);

   private:
    void find_activation_width();
    void find_weight_width();
    [[nodiscard]] std::uint32_t weight_width(std::uint32_t filter) const;
    void set_weights(Slot& slot) const;
    const Loom& model_;
    const hw::StepOperands* operands_ = nullptr;
    std::vector<hw::BitSerializer> activations_;  // [window][block]
    RowDetectors rows_;
    std::uint32_t weight_blocks_ = 1;
    std::uint32_t weight_bits_ = 1;   // that a unit holds of a block
    std::uint32_t weight_width_ = 1;  // that a step takes: more where composed rows step through the layer's
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
