// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "models/dadn/dadn.h"
#include "sim/hw/bit_true/serial_array_impl.h"

namespace heddle::models::dadn {
namespace {

// A filter's neural functional unit: 16 multipliers and an adder tree, a whole brick per cycle.
struct Design {
  struct Word {
    hw::ElementControl control;
    std::array<std::int32_t, arch::kLanes> activations{};

    friend bool operator==(const Word&, const Word&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Word& word) {
      return out << "brick of window " << word.control.window;
    }
    friend void sc_trace(sc_core::sc_trace_file* file, const Word& word, const std::string& name) {
      for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
        sc_core::sc_trace(file, word.activations[lane], name + "_lane" + std::to_string(lane));
      }
      sc_core::sc_trace(file, word.control.last, name + "_last");
    }
  };

  class Element {
   public:
    void clear() { sum_ = 0; }
    void clock(const Word& word, const std::int32_t* weights) {
      std::array<std::int64_t, arch::kLanes> tree{};
      for (std::size_t lane = 0; lane < arch::kLanes; ++lane)
        tree[lane] = std::int64_t{word.activations[lane]} * weights[lane];
      for (std::size_t width = arch::kLanes / 2; width > 0; width /= 2) {
        for (std::size_t i = 0; i < width; ++i) tree[i] += tree[i + width];
      }
      sum_ += tree[0];
    }
    [[nodiscard]] std::int64_t sum() const { return sum_; }

   private:
    std::int64_t sum_ = 0;
  };

  class Feed {
   public:
    explicit Feed(const Design&) {}
    void begin(const hw::StepOperands& operands) { operands_ = &operands; }
    bool next(std::span<Word> words) {
      for (std::size_t w = 0; w < words.size(); ++w) {
        std::copy(operands_->bricks[w].begin(), operands_->bricks[w].end(), words[w].activations.begin());
      }
      return true;
    }

   private:
    const hw::StepOperands* operands_ = nullptr;
  };
};

}  // namespace
}  // namespace heddle::models::dadn

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_dadn(const arch::Accelerator& accelerator, const char* name) {
  using Array = hw::SerialArray<dadn::Design>;
  return std::make_unique<Array>(
      name, dadn::Design{},
      Array::Options{.shape = accelerator.shape(), .columns_per_unit = 1, .registers = 0});
}

}  // namespace heddle::models
