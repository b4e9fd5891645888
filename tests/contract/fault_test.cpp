// SPDX-License-Identifier: Apache-2.0
//
// A bit-true run locates planted faults of an array: wrong outputs and wrong cycles.
#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/hw/bit_true/activation_serial.h"
#include "sim/hw/bit_true/serial_array_impl.h"
#include "sim/run/verify.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;
using Serial = hw::ActivationSerial<1>;

constexpr std::uint32_t kStep = 8;  // an even step, in which all 16 lanes have a channel
constexpr std::uint64_t kWindow = 6;

// Stripes with a feeder that may send one bit of one lane wrongly or hold one step for a cycle too long.
struct Faulty {
  Serial serial;
  bool flips = false;
  std::uint32_t lane = 0;  // the lane that flips
  bool holds = false;
  using Word = Serial::Word;
  using Element = Serial::Element;

  class Feed {
   public:
    explicit Feed(const Faulty& design) : design_(design), feed_(design.serial) {}
    void begin(const hw::StepOperands& operands) {
      feed_.begin(operands);
      has_fault_ = operands.step == kStep && operands.pass == 1 && operands.window_set == kWindow / 4;
      is_flipped_ = false;
      holds_ = design_.holds && has_fault_;
      is_held_ = false;
    }
    bool next(std::span<Word> words) {
      if (is_held_) {
        for (Word& word : words) word.activations.clear();
        return true;
      }
      const bool is_last = feed_.next(words);
      for (Word& word : words) {
        if (!design_.flips || !has_fault_ || is_flipped_ || word.control.window != kWindow) continue;
        if (word.activations.count == 0) continue;
        std::uint16_t& bits = word.activations.planes[0].bits;
        bits = static_cast<std::uint16_t>(bits ^ 1U << design_.lane);
        is_flipped_ = true;
      }
      is_held_ = is_last && holds_;
      return is_last && !holds_;
    }

   private:
    const Faulty& design_;
    Serial::Feed feed_;
    bool has_fault_ = false;
    bool is_flipped_ = false;
    bool holds_ = false;
    bool is_held_ = false;
  };
};

// Stripes whose elements' accumulators are too narrow, or never cleared to zero.
template <std::int64_t kMost, std::int64_t kOffset>
struct FaultyElement {
  Serial serial;
  using Word = Serial::Word;
  struct Element : Serial::Element {
    [[nodiscard]] std::int64_t sum() const { return std::min(Serial::Element::sum() + kOffset, kMost); }
  };
  struct Feed : Serial::Feed {
    explicit Feed(const FaultyElement& design) : Serial::Feed(design.serial) {}
  };
};

// 20 channels, 3 x 3: 18 steps; 16 windows on 4 columns; 5 filters on 1 tile x 3 rows: 2 passes.
struct Bench {
  Bench() : layer(make_layer()), accelerator(make()), mapped(layer, *accelerator, {}) {}
  static test::LayerCase make_layer() {
    Random random(3, "fault");
    return test::convolution(random, 20, 6, 5, 3, 6, 5, false);
  }
  static std::unique_ptr<arch::Accelerator> make() {
    return test::make_accelerator(arch::find_model(models::catalogue(), "stripes", ""),
                                  {{"tiles", 1}, {"rows", 3}, {"columns", 4}});
  }
  template <class Design>
  std::string message(const Design& design) {
    hw::SerialArray<Design> array("array", design, {.shape = accelerator->shape(), .columns_per_unit = 4});
    const auto block = arch::whole_layer(mapped.input().mapping);
    try {
      run::prove_block(
          array, *accelerator, mapped.input(), block,
          [this](std::uint32_t filter, std::uint64_t window) { return layer.reference(filter, window); });
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::internal);
      return e.what();
    }
    return "";
  }
  [[nodiscard]] workload::Brick weights(std::uint32_t filter, std::uint32_t step) const {
    return mapped.input().weights->brick(filter, step);
  }

  test::LayerCase layer;
  std::unique_ptr<arch::Accelerator> accelerator;
  test::MappedCase mapped;
};

using Catch::Contains;

}  // namespace

TEST_CASE("an array without a fault is proved") {
  CHECK(Bench().message(Faulty{}).empty());
}

TEST_CASE("a bit of one lane that flips in one step is located: filter, window, step and lane") {
  Bench bench;
  Faulty design;
  design.flips = true;
  // The flipped bit is multiplied with a weight of filter 3, the first filter of the second pass.
  while (design.lane < arch::kLanes && bench.weights(3, kStep)[design.lane] == 0) ++design.lane;
  REQUIRE(design.lane < arch::kLanes);
  const std::string message = bench.message(design);
  CHECK_THAT(message, Contains("layer 'convolution'"));
  CHECK_THAT(message, Contains("pass 1, window set 1, filter 3, window 6 (row 1, column 2)"));
  CHECK_THAT(message, Contains("step 8, lane " + std::to_string(design.lane) + ": the product is "));
}

TEST_CASE("an accumulator that is too narrow is located where the sum first exceeds it") {
  constexpr std::int64_t kMost = 100;
  Bench bench;
  const std::string message = bench.message(FaultyElement<kMost, 0>{});
  CHECK_THAT(message, Contains("layer 'convolution'"));
  // The first wrong output in the order of the block, and the first product with which its sum stays above.
  const auto& input = bench.mapped.input();
  std::uint32_t filter = 0;
  std::uint64_t window = 0;
  while (bench.layer.reference(filter, window) <= kMost) ++window;
  CHECK_THAT(message,
             Contains("filter " + std::to_string(filter) + ", window " + std::to_string(window) + " "));
  CHECK_THAT(message, Contains("is right alone, but the sum of the products up to it is "));
  CHECK_THAT(message, Contains("the element makes it 100"));
  CHECK_THAT(message, Contains("; step ") && Contains(", lane "));
  CHECK(input.mapping.steps == 18);
}

TEST_CASE("an accumulator that does not start at zero is not reported as a fault of a lane") {
  const std::string message = Bench().message(FaultyElement<std::numeric_limits<std::int64_t>::max(), 1>{});
  CHECK_THAT(message, Contains("filter 0, window 0 (row 0, column 0)"));
  CHECK_THAT(message, Contains("with all weights of the filter at zero the array computes 1"));
}

TEST_CASE("cycles that disagree name layer, pass, window set and both counts") {
  Faulty design;
  design.holds = true;
  // 2 passes x 4 window sets x 18 steps x 6 bits = 864 cycles, 18 x 6 = 108 of one pass on one window set.
  const std::string message = Bench().message(design);
  CHECK_THAT(
      message,
      Contains("layer 'convolution': the bit-true array took 865 cycles, the counting path expected 864"));
  CHECK_THAT(message, Contains("pass 1 on window set 1 takes 109 cycles alone, expected 108"));
}
