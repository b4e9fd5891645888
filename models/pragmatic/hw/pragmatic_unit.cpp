// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <ostream>

#include "models/pragmatic/pragmatic.h"
#include "sim/hw/bit_true/serial_array.h"
#include "sim/kernel/shifter.h"

namespace heddle::models::pragmatic {
namespace {

// What a column's bus carries in a cycle: at most one term a lane, and the common shift.
struct TermWord {
  hw::ElementControl control;
  std::uint16_t valid = 0;                         // lanes that have a term in this cycle
  std::uint16_t negative = 0;                      // lanes whose term is subtracted
  std::array<std::uint8_t, arch::kLanes> shift{};  // of the first stage, below 2^L
  std::uint8_t common_shift = 0;                   // of the second stage

  friend bool operator==(const TermWord&, const TermWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const TermWord& word) {
    return out << "terms of lanes " << word.valid << " at " << static_cast<unsigned>(word.common_shift);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const TermWord& word, const std::string& name) {
    sc_core::sc_trace(file, word.valid, name + "_valid");
    sc_core::sc_trace(file, word.negative, name + "_negative");
    sc_core::sc_trace(file, word.common_shift, name + "_common_shift");
    sc_core::sc_trace(file, word.control.last, name + "_last");
  }
};

// Pragmatic's inner-product unit: each lane shifts its weight a little, or not at all, a tree adds the
// lanes, one shifter places the sum.
class TermElement {
 public:
  void clear() { sum_ = 0; }
  void clock(const TermWord& word, const std::int32_t* weights) {
    if (word.valid == 0) return;
    std::int64_t tree = 0;
    for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
      if (((word.valid >> lane) & 1) == 0) continue;
      const std::int64_t shifted = std::int64_t{weights[lane]} * (std::int64_t{1} << word.shift[lane]);
      tree += ((word.negative >> lane) & 1) != 0 ? -shifted : shifted;
    }
    sum_ += tree * (std::int64_t{1} << word.common_shift);
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  std::int64_t sum_ = 0;
};

struct Design {
  Params params;

  using Word = TermWord;
  using Element = TermElement;

  // The dispatcher of one column: an encoder a lane, and the control that finds the smallest head.
  class Feed {
   public:
    explicit Feed(const Design& design) : params_(design.params) {}

    void begin(const hw::StepOperands& operands) {
      for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
        const std::int32_t value = operands.bricks[0][lane];
        const auto masks = kernel::recode(params_.encoder, kernel::magnitude_of(value));
        left_[lane] = masks.exponents();
        negative_[lane] = value < 0 ? masks.positive : masks.negative;
      }
    }

    bool next(std::span<Word> words) {
      Word& word = words[0];
      std::array<std::uint32_t, arch::kLanes> consumed{};
      const auto common = kernel::shifter_step(left_, params_.first_stage_bits, consumed);
      word.valid = word.negative = 0;
      word.common_shift = static_cast<std::uint8_t>(common.value_or(0));
      std::uint32_t left = 0;
      for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
        left |= left_[lane];
        if (consumed[lane] == 0) continue;
        word.valid = static_cast<std::uint16_t>(word.valid | 1U << lane);
        if ((consumed[lane] & negative_[lane]) != 0)
          word.negative = static_cast<std::uint16_t>(word.negative | 1U << lane);
        word.shift[lane] =
            static_cast<std::uint8_t>(static_cast<unsigned>(std::countr_zero(consumed[lane])) - *common);
        HEDDLE_CHECK(word.shift[lane] < 1U << params_.first_stage_bits,
                     "a term beyond the first stage's reach");
      }
      return left == 0;
    }

   private:
    const Params& params_;
    std::array<std::uint32_t, arch::kLanes> left_{};  // exponents still to send
    std::array<std::uint32_t, arch::kLanes>
        negative_{};  // exponents of negative terms, the value's sign included
  };
};

}  // namespace
}  // namespace heddle::models::pragmatic

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_pragmatic(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const pragmatic::Pragmatic&>(accelerator);
  using Array = hw::SerialArray<pragmatic::Design>;
  return std::make_unique<Array>(
      name, pragmatic::Design{model.params()},
      Array::Options{.shape = model.shape(), .columns_per_unit = 1, .registers = model.params().registers});
}

}  // namespace heddle::models
