// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "models/laconic/hw/lpe.h"
#include "models/laconic/laconic.h"
#include "sim/hw/bit_true/array.h"
#include "sim/pricing/rounds.h"

namespace heddle::models::laconic {

class LaconicArray;

// A place of the array: the element of one row and column or, where values are composed of parts, the
// elements of the rows and columns that share one filter and one window. They start a step together and end
// it together.
class Element : public sc_core::sc_module {
 public:
  Element(const sc_core::sc_module_name& name, LaconicArray& array, std::uint32_t tile, std::uint32_t row,
          std::uint32_t column);
  sc_core::sc_event edge;                                    // its branch of the clock tree
  sc_core::sc_signal<std::uint64_t> completed{"completed"};  // steps (or bricks) that it has finished

  // Called before a block. Returns the first step in which the element has work.
  std::uint64_t reset(arch::Composition parts);
  [[nodiscard]] std::uint32_t tile() const { return tile_; }
  [[nodiscard]] std::uint32_t row() const { return row_; }
  [[nodiscard]] std::uint32_t column() const { return column_; }

 private:
  void tick();
  void load();
  void hand_out();
  void skip_absent();

  LaconicArray& array_;
  std::uint32_t tile_;
  std::uint32_t row_;
  std::uint32_t column_;
  std::vector<Lpe> lpes_;  // [weight part][activation part]
  arch::Composition parts_;
  std::uint64_t next_ = 0;
  std::uint32_t filter_ = 0;
  std::uint64_t window_ = 0;
  bool active_ = false;
};

// Holds back the elements that share operands: step s may start once all of them have finished step s -
// depth. It is the operand queue of a row or column or, with all elements and depth 1, the barrier.
class Gate : public sc_core::sc_module {
 public:
  static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();

  Gate(const sc_core::sc_module_name& name, std::vector<Element*> elements);
  sc_core::sc_signal<std::uint64_t> available{"available"};  // steps that may start

  // Called before a block: `first` is the earliest step that an element in use has to do.
  void reset(std::uint64_t first, std::uint64_t depth, std::uint32_t rows, std::uint32_t columns);

 private:
  void update();
  std::vector<Element*> elements_;
  std::vector<Element*> in_use_;
  std::uint64_t depth_ = kOpen;
};

// Tiles x rows x columns of elements and the control that feeds them.
class LaconicArray : public hw::BitTrueArray {
 public:
  LaconicArray(const sc_core::sc_module_name& name, const Laconic& model);
  void trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const override;

 protected:
  bool begin(const arch::LayerInput& input, const arch::Block& block, hw::Reducer& reducer) override;

 private:
  friend class Element;
  struct StepAt {
    std::uint32_t pass, window_set, step;
  };
  // Loop order: pass, window set, step; the bricks of a fully connected layer likewise.
  [[nodiscard]] StepAt step_at(std::uint64_t index) const;
  [[nodiscard]] bool is_present(const Element& element, std::uint64_t index) const;
  [[nodiscard]] bool may_start(const Element& element, std::uint64_t index) const;
  void build_gates();
  void reset_gates();
  void distribute_clock();
  void watch_end();
  void pass_token();

  const Laconic& model_;
  arch::ArrayShape shape_;
  std::vector<std::unique_ptr<Element>> elements_;  // [tile][row][column]
  std::unique_ptr<Gate> barrier_;
  std::vector<std::unique_ptr<Gate>> row_gates_;     // [tile][row]
  std::vector<std::unique_ptr<Gate>> column_gates_;  // [tile][column]
  std::vector<std::unique_ptr<Gate>> brick_gates_;   // [column]: of all tiles, fully connected layers
  sc_core::sc_signal<std::uint64_t, sc_core::SC_MANY_WRITERS> next_brick_{"next_brick"};  // round-robin token
  sc_core::sc_event brick_taken_;  // by the elements of a column, all at once

  const arch::LayerInput* input_ = nullptr;
  arch::Block block_;
  pricing::Rounds rounds_;
  hw::Reducer* reducer_ = nullptr;
  arch::Composition parts_;
  std::vector<Element*> in_use_;
  std::uint64_t taken_ = 0;    // bricks that have started
  std::uint64_t total_ = 0;    // 0: idle
  std::uint32_t columns_ = 1;  // of composed elements
  bool fully_connected_ = false;
};

}  // namespace heddle::models::laconic
