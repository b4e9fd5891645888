// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <ostream>

#include "models/pragmatic/pragmatic.h"
#include "sim/hw/bit_true/serial_array_impl.h"
#include "sim/hw/bit_true/term_serializer.h"

namespace heddle::models::pragmatic {
namespace {

// What a column's bus carries in a cycle: at most one term per lane, and the common shift. Where values are
// wider than a unit, the units on neighbouring columns work side by side, each on its subword of the
// magnitude's bits; one word then carries the terms of all subwords.
struct SubwordTerms {
  std::uint16_t valid = 0;                         // lanes that have a term in this cycle
  std::uint16_t negative = 0;                      // lanes whose term is subtracted
  std::array<std::uint8_t, arch::kLanes> shift{};  // of the first stage, below 2^L
  std::uint8_t common_shift = 0;                   // of the second stage, and the subword's place

  friend bool operator==(const SubwordTerms&, const SubwordTerms&) = default;
};

struct TermWord {
  hw::ElementControl control;
  std::array<SubwordTerms, arch::kMostSubwords> subwords{};

  friend bool operator==(const TermWord&, const TermWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const TermWord& word) {
    return out << "terms of lanes " << word.subwords[0].valid << " at "
               << static_cast<unsigned>(word.subwords[0].common_shift);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const TermWord& word, const std::string& name) {
    sc_core::sc_trace(file, word.subwords[0].valid, name + "_valid");
    sc_core::sc_trace(file, word.subwords[0].negative, name + "_negative");
    sc_core::sc_trace(file, word.subwords[0].common_shift, name + "_common_shift");
    sc_core::sc_trace(file, word.control.last, name + "_last");
  }
};

// Pragmatic's inner-product unit: each lane shifts its weight by less than 2^L places, a tree adds the lanes,
// and one shifter places the sum.
class TermElement {
 public:
  void clear() { sum_ = 0; }
  void clock(const TermWord& word, const std::int32_t* weights) {
    for (const SubwordTerms& subword : word.subwords)
      sum_ += subword.valid == 0 ? 0 : products(subword, weights);
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  static std::int64_t products(const SubwordTerms& subword, const std::int32_t* weights) {
    std::int64_t tree = 0;
    for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
      if (((subword.valid >> lane) & 1) == 0) continue;
      const std::int64_t shifted = std::int64_t{weights[lane]} * (std::int64_t{1} << subword.shift[lane]);
      tree += ((subword.negative >> lane) & 1) != 0 ? -shifted : shifted;
    }
    return tree * (std::int64_t{1} << subword.common_shift);
  }

  std::int64_t sum_ = 0;
};

struct Design {
  Params params;

  using Word = TermWord;
  using Element = TermElement;

  // The feeder of one column.
  class Feed {
   public:
    explicit Feed(const Design& design) : params_(design.params) {}

    void begin(const hw::StepOperands& operands) {
      subwords_ = operands.input->mapping.composition.columns;
      for (std::uint32_t k = 0; k < subwords_; ++k) {
        serializers_[k].begin({k, subwords_, params_.array.pe_width});
        for (const std::int32_t value : operands.bricks[0]) serializers_[k].see(params_.encoder, value);
      }
    }

    bool next(std::span<Word> words) {
      bool is_last = true;
      for (std::uint32_t k = 0; k < subwords_; ++k) {
        if (send(serializers_[k], words[0].subwords[k])) is_last = false;
      }
      return is_last;
    }

   private:
    // Returns whether the subword has more to send.
    bool send(hw::TermSerializer& from, SubwordTerms& word) const {
      word.valid = word.negative = 0;
      const bool has_more = from.step(params_.first_stage_bits, [&word](std::size_t lane, hw::Digit digit) {
        word.valid = static_cast<std::uint16_t>(word.valid | 1U << lane);
        if (digit.sign < 0) word.negative = static_cast<std::uint16_t>(word.negative | 1U << lane);
        word.shift[lane] = digit.offset;
      });
      word.common_shift = from.base();
      return has_more;
    }

    const Params& params_;
    std::uint32_t subwords_ = 1;
    std::array<hw::TermSerializer, arch::kMostSubwords> serializers_;
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
