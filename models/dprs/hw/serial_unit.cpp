// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <ostream>

#include "models/dprs/dprs.h"
#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array.h"
#include "sim/hw/bit_true/split_array.h"
#include "sim/hw/bit_true/weight_load.h"

namespace heddle::models::dprs {
namespace {

// What a column's bus carries in a cycle. Two's complement: `added` alone. One's complement (DNNsim):
// non-negative values in `added`, the complements of negative ones in `subtracted`, and once, last, the 1
// that is still missing of each of these in `ones`.
struct DetectedWord {
  hw::ElementControl control;
  hw::OperandPlanes added;
  hw::OperandPlanes subtracted;
  hw::OperandPlanes ones;

  friend bool operator==(const DetectedWord&, const DetectedWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const DetectedWord& word) {
    return out << word.added << ", less " << word.subtracted;
  }
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
      first_place_ =
          design_.detector.trim_low && trailing != 0 ? static_cast<unsigned>(std::countr_zero(trailing)) : 0;
      end_place_ =
          static_cast<unsigned>(std::bit_width(folded)) + (design_.detector.is_signed && !is_ones ? 1 : 0);
      end_place_ = std::max(end_place_, first_place_ + 1);
      // The sign of one's complement values takes a bit of its own.
      planes_ = end_place_ - first_place_ + (design_.detector.is_signed && is_ones ? 1 : 0);
    }

    bool next(std::span<Word> words) {
      const unsigned bits = design_.model->params().bits_per_cycle;
      for (std::size_t w = 0; w < words.size(); ++w) {
        if (design_.detector.rule == WidthRule::dpred) {
          words[w].added = hw::cut_planes(operands_->bricks[w], first_place_ + sent_, bits, end_place_,
                                          design_.detector.is_signed);
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
      word.ones = has_sign ? hw::cut_planes(one, 0, 1, 1, false) : hw::OperandPlanes{};
    }

    const Design& design_;
    const hw::StepOperands* operands_ = nullptr;
    unsigned first_place_ = 0;
    unsigned end_place_ = 1;
    unsigned planes_ = 1;
    unsigned sent_ = 0;
  };
};

// A slice's column sends from its own lowest bit up, as many bits as the widest slice needs.
hw::WeightLoad::Widths cascade_widths(const Dprs& model, const hw::CascadeOperands& operands) {
  hw::WeightLoad::Widths out;
  out.weight_bits = model.weight_width(*operands.input, operands.load_pass, operands.load_step);
  out.activation_bits = operands.is_load ? 0 : 1;
  const bool is_signed = operands.input->layer.activation.rep.is_signed;
  for (std::size_t slice = 0; slice < operands.bricks.size(); ++slice) {
    std::uint32_t folded = 0;
    std::uint32_t low = 0;
    for (const std::int32_t x : operands.bricks[slice]) {
      folded |= static_cast<std::uint32_t>(x < 0 ? ~x : x);
      low |= static_cast<std::uint32_t>(x);
    }
    const unsigned first =
        model.params().trim_low && low != 0 ? static_cast<unsigned>(std::countr_zero(low)) : 0;
    const unsigned end = static_cast<unsigned>(std::bit_width(folded)) + (is_signed ? 1 : 0);
    out.activation_bits = std::max(out.activation_bits, end > first ? end - first : 1);
    if (slice == operands.slice) out.activation_low = first;
  }
  return out;
}

}  // namespace
}  // namespace heddle::models::dprs

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_dprs(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const dprs::Dprs&>(accelerator);
  model.require_bit_true();
  using Convolutions = hw::SerialArray<dprs::Design>;
  using FullyConnected = hw::CascadeArray<hw::WeightLoad>;
  const dprs::Design design{.model = &model, .detector = {}};
  const Convolutions::Options options{.shape = model.shape(),
                                      .columns_per_unit = model.columns_per_unit(),
                                      .registers = model.params().registers};
  if (model.params().fully_connected == dprs::FullyConnected::round_robin)
    return std::make_unique<Convolutions>(name, design, options);
  const hw::WeightLoad load{model.params().bits_per_cycle, [&model](const hw::CascadeOperands& operands) {
                              return dprs::cascade_widths(model, operands);
                            }};
  return std::make_unique<hw::SplitArray<Convolutions, FullyConnected>>(
      name, design, options, load,
      FullyConnected::Options{.shape = model.shape(), .reduction = hw::Reduction::tree, .loads_first = true});
}

}  // namespace heddle::models
