// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array.h"
#include "sim/pricing/activation_serial.h"
#include "sim/pricing/fetch_rows.h"

namespace heddle::hw {

// Cycles that a convolution's step is held for its activation rows; null where fetching is ideal.
inline std::function<std::uint32_t(const StepOperands&)> fetch_hold(pricing::ActivationFetch fetch) {
  if (fetch == pricing::ActivationFetch::ideal) return nullptr;
  return [](const StepOperands& operands) -> std::uint32_t {
    const arch::LayerInput& input = *operands.input;
    if (input.lowered.is_fully_connected) return 0;
    const auto groups = pricing::groups_of(input.mapping.passes[operands.pass]);
    const auto& windows = input.mapping.window_sets[operands.window_set];
    return pricing::fetch_rows(input.lowered, groups, windows, operands.step);
  };
}

// A serial datapath for SerialArray, activations against bit-parallel weights: each cycle a unit ANDs up to
// two activation bits of 16 lanes with 16 weights, adds the products in a tree and accumulates them at the
// bits' place. Where values are wider than `pe_width`, units on neighbouring columns work side by side, each
// on its subword of an activation's bits (at most kMostSubwords); one word then carries the planes of all
// subwords.
template <std::uint32_t kMostSubwords>
struct ActivationSerial {
  std::uint32_t bits_per_cycle = 1;
  std::uint32_t pe_width = 16;
  // Least cycles of a step, where something else than its bits may hold it back.
  std::function<std::uint32_t(const StepOperands&)> least_cycles;

  struct Word {
    ElementControl control;
    OperandPlanes<2 * kMostSubwords> activations;

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
    void begin(const StepOperands& operands);
    bool next(std::span<Word> words);

   private:
    const ActivationSerial& design_;
    const StepOperands* operands_ = nullptr;
    std::vector<BitSerializer> serializers_;  // one per subword
    std::uint32_t cycles_ = 0;
    std::uint32_t cycle_ = 0;
  };
};

template <std::uint32_t kMostSubwords>
void ActivationSerial<kMostSubwords>::Feed::begin(const StepOperands& operands) {
  operands_ = &operands;
  const workload::Layer& layer = operands.input->layer;
  const std::uint32_t subwords = operands.input->mapping.composition.columns;
  unsigned planes = 0;
  serializers_.clear();
  for (std::uint32_t k = 0; k < subwords; ++k) {
    // Only the topmost subword has the sign: all of a lower one's bits are sent.
    const std::uint32_t width =
        std::min(design_.pe_width, layer.precision.activation_bits - k * design_.pe_width);
    const bool is_signed = layer.activation.rep.is_signed && k + 1 == subwords;
    serializers_.push_back(BitSerializer::of_width(width, is_signed, {k, subwords, design_.pe_width}));
    planes = std::max(planes, serializers_.back().planes());
  }
  cycles_ = static_cast<std::uint32_t>(ceil_div(planes, design_.bits_per_cycle));
  if (design_.least_cycles) cycles_ = std::max(cycles_, design_.least_cycles(operands));
  cycle_ = 0;
}

template <std::uint32_t kMostSubwords>
bool ActivationSerial<kMostSubwords>::Feed::next(std::span<Word> words) {
  const std::uint32_t bits = design_.bits_per_cycle;
  for (std::size_t w = 0; w < words.size(); ++w) {
    words[w].activations.clear();
    for (const auto& serializer : serializers_)
      words[w].activations.add(serializer, operands_->bricks[w], cycle_ * bits, bits);
  }
  return ++cycle_ == cycles_;
}

}  // namespace heddle::hw
