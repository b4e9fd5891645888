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

// Where weight widths are found in the values, each row has a detector for each subword of its weights.
// Planes are asked for by number; each row answers with the plane of its own detector.
struct RowDetectors {
  bool in_use = false;
  hw::BitCode code;
  unsigned subword_bits = 16;
  unsigned plane = 0;

  [[nodiscard]] hw::BitSerializer detect(std::uint32_t subword, std::uint32_t subwords,
                                         workload::Brick weights) const {
    hw::BitSerializer out(code, {subword, subwords, subword_bits});
    out.see(weights);
    return out;
  }
  friend bool operator==(const RowDetectors&, const RowDetectors&) = default;
};

// What crosses a column's bus in a cycle: a few activation bits of 16 lanes, and which weight bit of each
// subword the units latch before they use it. All rows latch the same bit, except where `rows` detect widths.
struct BitStep {
  hw::OperandPlanes<2 * 4 * arch::kMostSubwords> activations;  // four bits per subword, each with either sign
  bool latches = false;
  std::uint8_t weight_subwords = 1;
  std::array<hw::BitPlane, arch::kMostSubwords> weights{};
  RowDetectors rows;

  friend bool operator==(const BitStep&, const BitStep&) = default;
};

template <class Control>
struct BitStepWord {
  Control control;
  BitStep bit_step;

  friend bool operator==(const BitStepWord&, const BitStepWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const BitStepWord& word) {
    return out << word.bit_step.activations << ", weight bit "
               << static_cast<unsigned>(word.bit_step.weights[0].at);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const BitStepWord& word, const std::string& name) {
    sc_trace(file, word.bit_step.activations, name);
    sc_core::sc_trace(file, word.bit_step.weights[0].at, name + "_weight_place");
    sc_core::sc_trace(file, word.bit_step.latches, name + "_latches");
  }
};

// 16 one-bit weight registers, 16 AND gates per activation bit, a tree that counts ones, a shifter and the
// accumulator. For wide values there is one such set for each pair of subwords; they work as one unit.
class Unit {
 public:
  void clear() { sum_ = 0; }
  void clock(const BitStep& bit_step, const std::int32_t* weights) {
    if (bit_step.latches) latch(bit_step, workload::Brick(weights, arch::kLanes));
    for (std::size_t w = 0; w < weights_.count; ++w) {
      const auto& weight = weights_.planes[w];
      for (std::size_t a = 0; a < bit_step.activations.count; ++a) {
        const auto& activation = bit_step.activations.planes[a];
        const auto products = static_cast<std::uint16_t>(activation.bits & weight.bits);
        sum_ += std::int64_t{std::popcount(products)} * activation.counts * weight.counts;
      }
    }
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  void latch(const BitStep& bit_step, workload::Brick weights) {
    weights_.clear();
    for (std::uint32_t subword = 0; subword < bit_step.weight_subwords; ++subword) {
      weights_.add(
          bit_step.rows.in_use
              ? bit_step.rows.detect(subword, bit_step.weight_subwords, weights).plane(bit_step.rows.plane)
              : bit_step.weights[subword],
          weights);
    }
  }

  hw::OperandPlanes<2 * arch::kMostSubwords> weights_;
  std::int64_t sum_ = 0;
};

// Convolutions, and fully connected layers where bricks take turns.
struct GridDesign {
  const Loom* model = nullptr;
  using Word = BitStepWord<hw::ElementControl>;
  struct Element : Unit {
    void clock(const Word& word, const std::int32_t* weights) { Unit::clock(word.bit_step, weights); }
  };

  // Finds the widths of the step, then streams the activation bits once per weight bit. Widths are detected
  // in each subword on its own; a step takes the widest of all.
  class Feed {
   public:
    explicit Feed(const GridDesign& design) : model_(*design.model) {}
    void begin(const hw::StepOperands& operands);
    bool next(std::span<Word> words);

   private:
    void find_activation_width();
    void find_weight_width();
    [[nodiscard]] std::uint32_t weight_width(std::uint32_t filter) const;
    void set_weights(BitStep& bit_step) const;
    const Loom& model_;
    const hw::StepOperands* operands_ = nullptr;
    std::vector<hw::BitSerializer> activations_;  // [window][subword]
    RowDetectors rows_;
    std::uint32_t weight_subwords_ = 1;
    std::uint32_t weight_bits_ = 1;  // bits of a subword that a unit holds
    // Weight bits for which a step streams. Composed rows stream for all bits of the layer's weights.
    std::uint32_t weight_width_ = 1;
    std::uint32_t bit_steps_ = 1;
    std::uint32_t cycle_ = 0;
  };
};

// Fully connected layers: every unit has weights of its own; activations are always as wide as the
// container.
struct ColumnDesign {
  const Loom* model = nullptr;

  using Word = BitStepWord<hw::CascadeControl>;
  struct Element : Unit {
    void clock(const Word& word, const hw::CascadeWeights& weights) {
      if (weights.now != nullptr) Unit::clock(word.bit_step, weights.now);
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
