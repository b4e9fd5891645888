// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/hw/bit_true/array.h"
#include "sim/hw/bit_true/element_control.h"
#include "sim/pricing/dispatch_groups.h"
#include "sim/pricing/rounds.h"

namespace heddle::hw {

// One weight register of a filter row: the brick of weights and the filter it belongs to.
struct WeightRegister {
  const std::int32_t* brick = nullptr;  // 16 weights; null: the row has no filter
  std::uint32_t filter = 0;
};
using WeightRow = std::vector<WeightRegister>;

inline constexpr std::uint32_t kUnlimitedRegisters = std::numeric_limits<std::uint32_t>::max();

// What a design's feeder knows when a step begins: the activation bricks of the unit's windows.
struct StepOperands {
  const arch::LayerInput* input = nullptr;
  std::uint32_t pass = 0;
  std::uint32_t step = 0;
  std::uint32_t window_set = 0;
  std::vector<workload::Brick> bricks;  // one per window of the unit that is present
};

// A serial inner-product unit: listens to its column's bus (each write is one enabled clock edge) and to
// its row's weight registers. Design::Element is the datapath.
template <class Design>
class SerialUnit : public sc_core::sc_module {
 public:
  using Word = typename Design::Word;
  sc_core::sc_in<Word> bus{"bus"};

  SerialUnit(const sc_core::sc_module_name& name, const WeightRow& row, Reducer*& reducer)
      : sc_module(name), row_(row), reducer_(reducer) {
    SC_HAS_PROCESS(SerialUnit);
    SC_METHOD(tick);
    sensitive << bus;
    dont_initialize();
  }

 private:
  void tick() {
    const Word& word = bus->read();
    const WeightRegister& weights = row_[word.control.weight_set];
    if (weights.brick == nullptr) return;
    if (word.control.first) element_.clear();
    element_.clock(word, weights.brick);
    if (word.control.last) reducer_->add(weights.filter, word.control.window, element_.sum());
  }

  const WeightRow& row_;
  Reducer*& reducer_;
  typename Design::Element element_;
};

// Tiles x rows x columns of serial units with their feeders. Columns (or groups of `columns_per_unit`
// columns, which share a detector) advance step by step. `registers` extra weight registers let them drift
// (docs/rules.md#run-ahead); 0 registers are a barrier at every step. Fully connected layers issue bricks of
// all passes to the columns round-robin, one per cycle.
//
// A Design supplies: Word {ElementControl control; operand bits; ==, <<, sc_trace}; Element {clear(),
// clock(word, brick), sum()}; Feed, constructed from a Design, {begin(StepOperands), bool
// next(std::span<Word>)
// -> whether this cycle is the step's last}. A Design may have begin_layer(LayerInput), which is called once
// per block; a Feed reads what it sets through a reference to its Design.
template <class Design>
class SerialArray : public BitTrueArray {
 public:
  using Word = typename Design::Word;
  struct Options {
    arch::ArrayShape shape;
    std::uint32_t columns_per_unit = 1;  // in convolutions
    std::uint32_t registers = 0;         // R; kUnlimitedRegisters
  };

  SerialArray(const sc_core::sc_module_name& name, const Design& design, Options options);
  void trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const override;

 protected:
  bool begin(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) override;

 private:
  // Feeds the buses of one unit of columns, cycle by cycle.
  class ColumnFeeder : public sc_core::sc_module {
   public:
    ColumnFeeder(const sc_core::sc_module_name& name, SerialArray& array, std::uint32_t index);
    sc_core::sc_signal<std::uint64_t, sc_core::SC_MANY_WRITERS> completed{
        "completed"};        // steps this unit has finished
    sc_core::sc_event edge;  // its branch of the clock tree
    void reset();

   private:
    void tick();
    bool start();
    bool start_convolution();
    bool start_brick();
    void load(std::uint32_t first_column);
    void emit(bool step_ends);
    void skip_absent();
    [[nodiscard]] std::uint32_t group_number() const { return index_ / array_.units_per_group(); }
    [[nodiscard]] std::uint32_t first_column() const {
      return array_.fully_connected_ ? index_
                                     : index_ % array_.units_per_group() * array_.options_.columns_per_unit;
    }

    SerialArray& array_;
    std::uint32_t index_;
    typename Design::Feed feed_;
    StepOperands operands_;
    std::vector<Word> words_;
    std::uint64_t next_ = 0;  // the step (convolution) or brick (fully connected) to do next
    bool active_ = false;
    bool first_cycle_ = false;
  };

  struct StepAt {
    std::uint32_t pass, window_set, step;
  };
  // Loop order: pass and window set as the mapping has them, then step.
  [[nodiscard]] StepAt step_at(std::uint64_t index) const {
    const pricing::Round at = rounds_[index / steps_];
    return {at.pass, at.window_set, static_cast<std::uint32_t>(index % steps_)};
  }
  // The pass's dispatch group with this number; a group without tiles where the pass has fewer groups.
  [[nodiscard]] pricing::DispatchGroup dispatch_group(std::uint32_t pass, std::uint32_t number) const {
    const auto& groups = dispatch_groups_[pass];
    return number < groups.size() ? groups[number] : pricing::DispatchGroup{};
  }
  [[nodiscard]] std::uint32_t units_per_group() const {
    return fully_connected_
               ? fully_connected_columns()
               : static_cast<std::uint32_t>(ceil_div(options_.shape.columns, options_.columns_per_unit));
  }
  // Columns that take turns in a fully connected layer: fewer where elements are composed for wide values.
  [[nodiscard]] std::uint32_t fully_connected_columns() const { return input_->mapping.composed().columns; }
  void distribute_clock();
  void release();
  // Steps that may start once `completed` steps are done.
  [[nodiscard]] std::uint64_t releasable(std::uint64_t completed) const {
    return std::min(total_, completed + register_count_);
  }
  void load_registers(std::uint64_t step_index, std::uint32_t set);
  WeightRow& row(std::uint32_t tile, std::uint32_t r) { return rows_[tile * options_.shape.rows + r]; }

  Design design_;
  Options options_;
  std::vector<std::unique_ptr<sc_core::sc_buffer<Word, sc_core::SC_MANY_WRITERS>>> buses_;  // [tile][column]
  std::vector<WeightRow> rows_;                                                             // [tile][row]
  std::vector<std::unique_ptr<SerialUnit<Design>>> elements_;
  std::vector<std::unique_ptr<ColumnFeeder>> feeders_;
  sc_core::sc_signal<std::uint64_t, sc_core::SC_MANY_WRITERS> released_{"released"};  // steps that may start
  sc_core::sc_signal<std::uint64_t, sc_core::SC_MANY_WRITERS> next_brick_{"next_brick"};  // round-robin token

  const arch::LayerInput* input_ = nullptr;
  arch::Block block_;
  pricing::Rounds rounds_;
  std::vector<std::vector<pricing::DispatchGroup>> dispatch_groups_;  // [pass of the mapping]
  Reducer* reducer_ = nullptr;
  std::uint32_t steps_ = 0;
  std::uint64_t total_ = 0;  // steps of the block, or bricks
  std::uint64_t loaded_ = 0;
  std::uint32_t register_count_ = 1;
  std::uint32_t units_ = 0;  // column feeders in use
  bool fully_connected_ = false;
};

}  // namespace heddle::hw
