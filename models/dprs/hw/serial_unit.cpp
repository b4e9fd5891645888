// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <ostream>

#include "models/dprs/dprs.h"
#include "sim/hw/bit_true/bit_planes.h"
#include "sim/hw/bit_true/serial_array.h"

namespace heddle::models::dprs {
namespace {

// What a column's bus carries in a cycle. Two's complement: `added` alone. One's complement (DNNsim):
// non-negative values in `added`, the complements of negative ones in `subtracted`, and once, last, the 1
// that is still missing of each of these in `ones`.
struct DetectedWord {
  hw::ElementControl control;
  hw::BitPlanes added;
  hw::BitPlanes subtracted;
  hw::BitPlanes ones;

  friend bool operator==(const DetectedWord&, const DetectedWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const DetectedWord& word) { return out << word.added << ", less " << word.subtracted; }
  friend void sc_trace(sc_core::sc_trace_file* file, const DetectedWord& word, const std::string& name) {
    sc_trace(file, word.added, name);
    sc_core::sc_trace(file, word.control.last, name + "_last");
  }
};

class DetectedElement {
 public:
  void clear() { sum_ = 0; }
  void clock(const DetectedWord& word, const std::int32_t* weights) {
    sum_ += word.added.times(weights) - word.subtracted.times(weights) - word.ones.times(weights);
  }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  std::int64_t sum_ = 0;
};

struct Design {
  const Dprs* model = nullptr;
  Detector detector;

  using Word = DetectedWord;
  using Element = DetectedElement;

  void begin_layer(const arch::LayerInput& input) { detector = model->detector(input); }

  // The dispatcher of one group of columns: OR trees over the group's values, a leading-one and a
  // trailing-one detector, then the bits in between, lowest first.
  class Feed {
   public:
    explicit Feed(const Design& design) : design_(design) {}

    void begin(const hw::StepOperands& operands) {
      operands_ = &operands;
      sent_ = 0;
      std::uint32_t folded = 0;
      std::uint32_t low = 0;
      for (const auto& brick : operands.bricks) {
        for (const std::int32_t x : brick) {
          folded |= static_cast<std::uint32_t>(x < 0 ? ~x : x);
          low |= static_cast<std::uint32_t>(x);
        }
      }
      const bool is_ones = design_.detector.rule == WidthRule::dnnsim;
      const std::uint32_t trailing = is_ones ? folded : low;
      first_place_ = design_.detector.trim_low && trailing != 0 ? static_cast<unsigned>(std::countr_zero(trailing)) : 0;
      end_place_ = static_cast<unsigned>(std::bit_width(folded)) + (design_.detector.is_signed && !is_ones ? 1 : 0);
      end_place_ = std::max(end_place_, first_place_ + 1);
      // The sign of one's complement values takes a bit of its own.
      planes_ = end_place_ - first_place_ + (design_.detector.is_signed && is_ones ? 1 : 0);
    }

    bool next(std::span<Word> words) {
      const unsigned bits = design_.model->params().bits_per_cycle;
      for (std::size_t w = 0; w < words.size(); ++w) {
        if (design_.detector.rule == WidthRule::dpred) {
          words[w].added = hw::cut_planes(operands_->bricks[w], first_place_ + sent_, bits, end_place_, design_.detector.is_signed);
        } else {
          cut_ones_complement(operands_->bricks[w], bits, words[w]);
        }
      }
      sent_ += bits;
      return sent_ >= planes_;
    }

   private:
    void cut_ones_complement(workload::Brick brick, unsigned bits, Word& word) const {
      std::array<std::int32_t, arch::kLanes> positive{};
      std::array<std::int32_t, arch::kLanes> complement{};
      std::array<std::int32_t, arch::kLanes> one{};
      for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
        (brick[lane] < 0 ? complement : positive)[lane] = brick[lane] < 0 ? ~brick[lane] : brick[lane];
        one[lane] = brick[lane] < 0 ? 1 : 0;
      }
      word.added = hw::cut_planes(positive, first_place_ + sent_, bits, end_place_, false);
      word.subtracted = hw::cut_planes(complement, first_place_ + sent_, bits, end_place_, false);
      const bool has_sign = sent_ + bits >= planes_;
      word.ones = has_sign ? hw::cut_planes(one, 0, 1, 1, false) : hw::BitPlanes{};
    }

    const Design& design_;
    const hw::StepOperands* operands_ = nullptr;
    unsigned first_place_ = 0;
    unsigned end_place_ = 1;
    unsigned planes_ = 1;
    unsigned sent_ = 0;
  };
};

}  // namespace
}  // namespace heddle::models::dprs

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_dprs(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const dprs::Dprs&>(accelerator);
  using Array = hw::SerialArray<dprs::Design>;
  return std::make_unique<Array>(
      name, dprs::Design{.model = &model, .detector = {}},
      Array::Options{.shape = model.shape(), .columns_per_unit = model.columns_per_unit(), .registers = model.params().registers});
}

}  // namespace heddle::models
