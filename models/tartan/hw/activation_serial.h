// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>

#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array.h"

namespace heddle::models::tartan {

// The serial datapath of Tartan's convolutions for hw::SerialArray, activations against bit-parallel weights:
// each cycle a unit ANDs up to two activation bits of 16 lanes with 16 weights, adds the products in a tree
// and accumulates them at the bits' place.
struct ActivationSerial {
  std::uint32_t bits_per_cycle = 1;
  // Least cycles of a step, where something else than its bits may hold it back.
  std::function<std::uint32_t(const hw::StepOperands&)> least_cycles;

  struct Word {
    hw::ElementControl control;
    hw::OperandPlanes<2> activations;

    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) { return out << word.activations; }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name) {
      sc_trace(file, word.activations, name);
      sc_core::sc_trace(file, word.control.last, name + "_last");
    }
  };

  class Element {
   public:
    void clear() { sum_ = 0; }
    void clock(const Word& word, const std::int32_t* weights) { sum_ += word.activations.times(weights); }
    [[nodiscard]] std::int64_t sum() const { return sum_; }

   private:
    std::int64_t sum_ = 0;
  };

  // What feeds the columns: cuts the windows' bricks into bit planes, lowest first.
  class Feed {
   public:
    explicit Feed(const ActivationSerial& design) : design_(design) {}
    void begin(const hw::StepOperands& operands) {
      operands_ = &operands;
      const workload::Layer& layer = operands.input->layer;
      serializer_ =
          hw::BitSerializer::of_width(layer.precision.activation_bits, layer.activation.rep.is_signed);
      cycles_ = static_cast<std::uint32_t>(ceil_div(serializer_.planes(), design_.bits_per_cycle));
      if (design_.least_cycles) cycles_ = std::max(cycles_, design_.least_cycles(operands));
      cycle_ = 0;
    }
    bool next(std::span<Word> words) {
      for (std::size_t w = 0; w < words.size(); ++w) {
        words[w].activations.clear();
        words[w].activations.add(serializer_, operands_->bricks[w], cycle_ * design_.bits_per_cycle,
                                 design_.bits_per_cycle);
      }
      return ++cycle_ == cycles_;
    }

   private:
    const ActivationSerial& design_;
    const hw::StepOperands* operands_ = nullptr;
    hw::BitSerializer serializer_;
    std::uint32_t cycles_ = 0;
    std::uint32_t cycle_ = 0;
  };
};

}  // namespace heddle::models::tartan
