// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "sim/hw/bit_true/array.h"
#include "sim/pricing/cascade.h"

namespace heddle::hw {

// What every cycle of a cascade column's bus carries beside a design's own operand bits.
struct CascadeControl {
  bool pass_starts = false;  // clear the accumulator before this cycle
  bool step_starts = false;  // new weights are in use from this cycle on
  bool pass_ends = false;    // the accumulator is complete after this cycle
  std::uint32_t reduce = 0;  // n > 0: add the partial sum 2^(n-1) slices to the right; no operand bits
  bool reduced = false;      // the last of these cycles
  friend bool operator==(const CascadeControl&, const CascadeControl&) = default;
};

// The 16 weights that an element multiplies in a step, and those of the next step that it may load
// meanwhile. Null: none.
struct CascadeWeights {
  const std::int32_t* now = nullptr;
  const std::int32_t* next = nullptr;
};

// What a column's feeder knows when a step begins.
struct CascadeOperands {
  const arch::LayerInput* input = nullptr;
  std::uint32_t pass = 0;
  bool is_load = false;  // the cycles before a run's first step: nothing streams
  std::uint32_t step = 0;
  std::uint32_t slice = 0;              // of this column
  std::vector<workload::Brick> bricks;  // of all slices that have one in this step, in slice order
  // The pass and step whose weights are loaded meanwhile; those of this step where nothing is left to load.
  std::uint32_t load_pass = 0;
  std::uint32_t load_step = 0;
};

// How the partial sums of a row's slices are added. `chain`: they pass from column to column; columns start
// one cycle apart, so that the left neighbour's sum arrives just in time. `tree`: a tree adds them after the
// last step.
enum class Reduction { chain, tree };

// The fully connected half of an array whose elements take their own weights (sim/pricing/cascade.h). A
// Design supplies: Word {CascadeControl control; operand bits; ==, <<, sc_trace}; Element {clear(),
// clock(word, CascadeWeights), sum()}; Feed, constructed from a Design and a column, {begin(CascadeOperands),
// bool next(Word&) -> whether this cycle is the step's last}. All columns' steps take the same cycles.
template <class Design>
class CascadeArray : public BitTrueArray {
 public:
  using Word = typename Design::Word;
  struct Options {
    arch::ArrayShape shape;
    Reduction reduction = Reduction::tree;
    bool loads_first = false;  // a run begins with loading its first weights
  };

  CascadeArray(const sc_core::sc_module_name& name, const Design& design, Options options);
  void trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const override;

 protected:
  bool begin(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) override;

 private:
  // The output that an element works on, its slice, and the weights in use.
  struct Holding {
    CascadeWeights weights;
    bool is_active = false;
    std::uint32_t filter = 0;
    std::uint32_t slice = 0;
    std::uint32_t slices = 1;
  };

  class Unit : public sc_core::sc_module {
   public:
    sc_core::sc_in<Word> bus{"bus"};
    sc_core::sc_signal<std::int64_t> partial{"partial"};
    Holding holding;

    Unit(const sc_core::sc_module_name& name, CascadeArray& array, std::uint32_t index)
        : sc_module(name), array_(array), index_(index) {
      SC_HAS_PROCESS(Unit);
      SC_METHOD(tick);
      sensitive << bus;
      dont_initialize();
    }

   private:
    void tick();
    void complete();
    void reduce(const CascadeControl& control);
    CascadeArray& array_;
    std::uint32_t index_;
    typename Design::Element element_;
    std::int64_t total_ = 0;
  };

  // The feeder of one column of all tiles: a sequence of loads, steps and reductions.
  struct Column {
    explicit Column(const Design& design, std::uint32_t c) : index(c), feed(design, c) {}
    std::uint32_t index;
    typename Design::Feed feed;
    CascadeOperands operands;
    std::uint32_t wait = 0;  // cycles until it starts
    std::size_t pass = 0;    // of the run
    std::uint32_t step = 0;
    std::uint32_t stage = 0;  // of the reduction
    bool is_loading = false;
    bool in_step = false;
    bool is_done = false;
  };

  struct At {
    std::size_t pass = 0;
    std::uint32_t step = 0;
  };
  void tick();
  void begin_run();
  void advance(Column& column);
  void begin_step(Column& column);
  void hold(const Column& column, bool is_load, const At* next);
  void end_step(Column& column, CascadeControl& control);
  void emit(Column& column, const Word& word);
  [[nodiscard]] const pricing::CascadeRun& run() const { return runs_[run_]; }
  [[nodiscard]] const std::int32_t* weights_at(const At& at, const Column& column, std::uint32_t tile,
                                               std::uint32_t row, std::uint32_t* filter) const;
  [[nodiscard]] std::size_t element(std::uint32_t tile, std::uint32_t row, std::uint32_t column) const {
    return (std::size_t{tile} * options_.shape.rows + row) * options_.shape.columns + column;
  }

  Design design_;
  Options options_;
  std::vector<std::unique_ptr<sc_core::sc_buffer<Word>>> buses_;  // [column], into all tiles
  std::vector<std::unique_ptr<Unit>> units_;                      // [tile][row][column]
  std::vector<Column> columns_;
  std::vector<pricing::CascadeRun> runs_;
  std::size_t run_ = 0;
  const arch::LayerInput* input_ = nullptr;
  Reducer* reducer_ = nullptr;
};

}  // namespace heddle::hw
