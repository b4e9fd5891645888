// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <ostream>
#include <string>

#include "models/loom/loom.h"
#include "sim/hw/bit_true/cascade_array.h"
#include "sim/hw/bit_true/serial_array.h"

namespace heddle::models::loom {

// Weight bits of one block, or activation bits: which place they have in the value, and what a one counts
// for. A sign bit counts negative; of a block that is not the topmost it also carries into the next one.
struct Place {
  std::uint8_t at = 0;
  std::int64_t counts = 0;

  friend bool operator==(const Place&, const Place&) = default;
};
// Bit `bit` of block `index`, of `blocks` blocks of `block_bits` each of which `width` bits are used.
Place place_of(std::uint32_t bit, std::uint32_t index, std::uint32_t blocks, std::uint32_t block_bits,
               std::uint32_t width, bool is_signed);

// Lane l's bit in bit l.
std::uint16_t cut_plane(const std::int32_t* values, std::uint32_t place);

// What crosses a column's bus in a cycle: a few activation bits of 16 lanes, and which weight bits the
// units latch before they use them.
struct Slot {
  static constexpr std::size_t kMostBlocks = 4;  // of 16 bits in units of 4
  struct Plane {
    std::uint16_t bits = 0;
    std::int64_t counts = 0;
    friend bool operator==(const Plane&, const Plane&) = default;
  };
  std::array<Plane, 4 * kMostBlocks> planes{};  // of all blocks
  std::uint8_t plane_count = 0;
  bool latches = false;
  std::array<Place, kMostBlocks> weights{};  // one a block
  std::uint8_t weight_blocks = 1;

  void clear() { plane_count = 0; }
  void add(workload::Brick values, const Place& place) {
    planes[plane_count++] = {cut_plane(values.data(), place.at), place.counts};
  }

  friend bool operator==(const Slot&, const Slot&) = default;
};

template <class Control>
struct SlotWord {
  Control control;
  Slot slot;

  friend bool operator==(const SlotWord&, const SlotWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SlotWord& word) {
    return out << "planes " << word.slot.planes[0].bits << " weight bit "
               << static_cast<unsigned>(word.slot.weights[0].at);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const SlotWord& word, const std::string& name) {
    for (std::size_t i = 0; i < 4; ++i)
      sc_core::sc_trace(file, word.slot.planes[i].bits, name + "_bits" + std::to_string(i));
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
    for (std::size_t block = 0; block < slot.weight_blocks; ++block) {
      if (slot.latches) weight_bits_[block] = cut_plane(weights, slot.weights[block].at);
      for (std::size_t plane = 0; plane < slot.plane_count; ++plane) {
        const auto products = static_cast<std::uint16_t>(slot.planes[plane].bits & weight_bits_[block]);
        sum_ +=
            std::int64_t{std::popcount(products)} * slot.planes[plane].counts * slot.weights[block].counts;
      }
    }
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  std::array<std::uint16_t, Slot::kMostBlocks> weight_bits_{};
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
