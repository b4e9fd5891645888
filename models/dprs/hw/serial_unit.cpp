// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ostream>
#include <vector>

#include "models/dprs/dprs.h"
#include "sim/hw/bit_true/cascade_array_impl.h"
#include "sim/hw/bit_true/operand_planes.h"
#include "sim/hw/bit_true/serial_array_impl.h"
#include "sim/hw/bit_true/split_array.h"
#include "sim/hw/bit_true/weight_load.h"

namespace heddle::models::dprs {
namespace {

// What a column's bus carries in a cycle. Where values are wider than a unit, the units on neighbouring
// columns work side by side, each on its subword of the bits; one word then carries the planes of all
// subwords.
struct DetectedWord {
  static constexpr std::uint32_t kPlanes = 4;  // per subword and cycle: two bits, each of them one plane, or
                                               // in one's complement one plane to add and one to subtract
  hw::ElementControl control;
  hw::OperandPlanes<kPlanes * arch::kMostSubwords> planes;

  friend bool operator==(const DetectedWord&, const DetectedWord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const DetectedWord& word) { return out << word.planes; }
  friend void sc_trace(sc_core::sc_trace_file* file, const DetectedWord& word, const std::string& name) {
    sc_trace(file, word.planes, name);
    sc_core::sc_trace(file, word.control.last, name + "_last");
  }
};

class DetectedElement {
 public:
  void clear() { sum_ = 0; }
  void clock(const DetectedWord& word, const std::int32_t* weights) { sum_ += word.planes.times(weights); }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

 private:
  std::int64_t sum_ = 0;
};

struct Design {
  const Dprs* model = nullptr;
  pricing::WidthDetector detector;

  using Word = DetectedWord;
  using Element = DetectedElement;

  void begin_layer(const arch::LayerInput& input) { detector = model->detector(input); }

  // The feeder of one group of columns. Each subword of the group's values is detected on its own.
  class Feed {
   public:
    explicit Feed(const Design& design) : design_(design) {}

    void begin(const hw::StepOperands& operands) {
      operands_ = &operands;
      sent_ = planes_ = 0;
      serializers_.clear();
      const std::uint32_t subwords = operands.input->mapping.composition.columns;
      for (std::uint32_t k = 0; k < subwords; ++k) {
        hw::BitSerializer subword(hw::code_of(design_.detector),
                                  {k, subwords, design_.model->params().array.pe_width});
        for (const auto& brick : operands.bricks) subword.see(brick);
        planes_ = std::max(planes_, subword.planes());
        serializers_.push_back(subword);
      }
    }

    bool next(std::span<Word> words) {
      const unsigned bits = design_.model->params().bits_per_cycle;
      for (std::size_t w = 0; w < words.size(); ++w) {
        words[w].planes.clear();
        for (const auto& subword : serializers_)
          words[w].planes.add(subword, operands_->bricks[w], sent_, bits);
      }
      sent_ += bits;
      return sent_ >= planes_;
    }

   private:
    const Design& design_;
    const hw::StepOperands* operands_ = nullptr;
    std::vector<hw::BitSerializer> serializers_;  // one per subword
    unsigned planes_ = 0;                         // of the widest subword
    unsigned sent_ = 0;
  };
};

// A slice's column sends from its own lowest bit up, as many bits as the widest slice needs.
hw::WeightLoad::Widths cascade_widths(const Dprs& model, const hw::CascadeOperands& operands) {
  hw::WeightLoad::Widths out;
  out.weight_bits = model.weight_width(*operands.input, operands.load_pass, operands.load_step);
  out.activation_bits = operands.is_load ? 0 : 1;
  const hw::BitCode code = hw::code_of(model.detector(*operands.input));
  for (std::size_t slice = 0; slice < operands.bricks.size(); ++slice) {
    hw::BitSerializer own(code);
    own.see(operands.bricks[slice]);
    out.activation_bits = std::max(out.activation_bits, own.planes());
    if (slice == operands.slice) out.activations = own;
  }
  return out;
}

}  // namespace
}  // namespace heddle::models::dprs

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_dprs(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const dprs::Dprs&>(accelerator);
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
