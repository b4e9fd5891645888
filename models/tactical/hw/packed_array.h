// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/tactical/hw/weight_program.h"
#include "models/tactical/prepared.h"
#include "sim/hw/bit_true/array.h"
#include "sim/hw/bit_true/element_control.h"

namespace heddle::models::tactical {

// A weight register of a tile: one packed column, weights and selects.
struct WeightSet {
  std::shared_ptr<const WeightProgram> program;
  std::size_t column = 0;
  [[nodiscard]] const WeightColumn& weights() const { return program->columns[column]; }
};
using WeightSets = std::vector<WeightSet>;

// What a column's feeder hands its back end when a packed column begins.
struct Operands {
  const pricing::WidthDetector* detector = nullptr;  // of the layer
  const WeightColumn* column = nullptr;
  std::uint32_t subwords = 1;        // into which a value is cut
  std::vector<std::int32_t> values;  // one per operand of the column
};

// An inner-product unit: listens to its column's bus (each write is one enabled clock edge) and to its tile's
// weight registers. Its multiplexers pick an operand for each lane.
template <class BackEndDesign>
class Unit : public sc_core::sc_module {
 public:
  using Word = typename BackEndDesign::Word;
  sc_core::sc_in<Word> bus{"bus"};

  Unit(const sc_core::sc_module_name& name, const WeightSets& sets, std::uint32_t row, hw::Reducer*& reducer)
      : sc_module(name), sets_(sets), row_(row), reducer_(reducer) {
    SC_HAS_PROCESS(Unit);
    SC_METHOD(tick);
    sensitive << bus;
    dont_initialize();
  }

 private:
  void tick() {
    const Word& word = bus->read();
    const WeightSet& set = sets_[word.control.weight_set];
    if (row_ >= set.program->filters) return;
    if (word.control.first) sum_ = 0;
    sum_ += BackEndDesign::products(word, row_, set.weights());
    if (word.control.last) reducer_->add(set.program->first_filter + row_, word.control.window, sum_);
  }

  const WeightSets& sets_;
  std::uint32_t row_;
  hw::Reducer*& reducer_;
  std::int64_t sum_ = 0;
};

// Tiles x rows x columns of units. A domain is what walks its packed columns together: a tile, or all tiles
// in lockstep. Inside a window set the columns of a domain drift by R weight sets; all domains meet at its
// end. Fully connected layers issue the packed columns of all passes to a domain's columns round-robin.
//
// BackEndDesign supplies: Word {hw::ElementControl control; operand bits; ==, <<, sc_trace}; products(word,
// row, column); Feed, constructed from the model, {begin(Operands), bool next(Word&) -> whether this cycle is
// the packed column's last}.
template <class BackEndDesign>
class PackedArray : public hw::BitTrueArray {
 public:
  using Word = typename BackEndDesign::Word;
  PackedArray(const sc_core::sc_module_name& name, const Tactical& model);
  void trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const override;

 protected:
  bool begin(const arch::LayerInput& input, const arch::Block& block, hw::Reducer& reducer) override;

 private:
  using Count = sc_core::sc_signal<std::uint64_t, sc_core::SC_MANY_WRITERS>;

  // Feeds one column of one tile, cycle by cycle.
  class ColumnFeeder : public sc_core::sc_module {
   public:
    ColumnFeeder(const sc_core::sc_module_name& name, PackedArray& array, std::uint32_t tile,
                 std::uint32_t column);
    Count completed{"completed"};  // packed columns of the domain that this feeder has finished
    sc_core::sc_event edge;        // its branch of the clock tree
    void reset();

   private:
    void tick();
    bool start();
    bool start_convolution();
    bool start_issue();
    void skip_absent();
    void load(std::uint32_t weight_set, std::uint64_t window);
    void emit(bool column_ends);

    PackedArray& array_;
    std::uint32_t tile_;
    std::uint32_t column_;
    typename BackEndDesign::Feed feed_;
    Word word_;
    std::uint64_t next_ = 0;  // packed column of the domain to do next, counted over the whole block
    bool active_ = false;
    bool first_cycle_ = false;
  };

  // Where a domain is in its walk: pass, window set and packed column.
  struct Place {
    std::uint32_t pass = 0;
    std::uint32_t window_set = 0;
    std::size_t column = 0;
    std::uint64_t columns = 0;  // of the domain in this pass
  };
  struct Domain {
    std::vector<std::uint32_t> tiles;
    std::vector<std::uint64_t> pass_columns;  // per pass of the block
    std::uint64_t per_round = 0;              // fully connected: all passes
  };

  void build_columns();
  void release();
  void distribute_clock();
  void load_sets(std::uint32_t domain);
  // The packed column with this number. Convolutions count from the start of the current window set.
  [[nodiscard]] Place place_at(const Domain& domain, std::uint64_t index) const;
  [[nodiscard]] const std::shared_ptr<const WeightProgram>& program(std::uint32_t pass, std::uint32_t tile);
  [[nodiscard]] bool has(std::uint32_t pass, std::uint32_t tile, std::size_t column);
  [[nodiscard]] std::uint64_t goal(std::uint32_t domain) const;
  [[nodiscard]] std::uint32_t domain_of(std::uint32_t tile) const { return lockstep_ ? 0 : tile; }
  [[nodiscard]] std::uint64_t slowest(std::uint32_t domain) const;
  // Columns that take turns in a fully connected layer: fewer where elements are composed for wide values.
  [[nodiscard]] std::uint32_t fully_connected_columns() const { return input_->mapping.composed().columns; }
  ColumnFeeder& feeder(std::uint32_t tile, std::uint32_t column) {
    return *feeders_[tile * shape_.columns + column];
  }

  const Tactical& model_;
  arch::ArrayShape shape_;
  bool lockstep_;
  std::vector<std::unique_ptr<sc_core::sc_buffer<Word, sc_core::SC_MANY_WRITERS>>> buses_;  // [tile][column]
  std::vector<WeightSets> sets_;                                                            // [tile]
  std::vector<std::unique_ptr<Unit<BackEndDesign>>> units_;
  std::vector<std::unique_ptr<ColumnFeeder>> feeders_;  // [tile][column]
  std::vector<std::unique_ptr<Count>> released_;        // [domain] packed columns that may start
  std::vector<std::unique_ptr<Count>> issued_;          // [domain] round-robin token
  Count round_{"round"};                                // pass x window set, a barrier at each end

  const arch::LayerInput* input_ = nullptr;
  pricing::WidthDetector detector_;
  arch::Block block_;
  hw::Reducer* reducer_ = nullptr;
  std::vector<Domain> domains_;
  std::vector<std::uint64_t> bases_;   // [domain] packed columns before the current round
  std::vector<std::uint64_t> loaded_;  // [domain]
  std::vector<std::pair<std::uint32_t, std::shared_ptr<const WeightProgram>>>
      programs_;  // [tile] the pass last loaded
  std::uint32_t register_count_ = 1;
  std::uint64_t rounds_ = 0;  // 0: nothing to do
  std::uint64_t at_round_ = 0;
  bool fully_connected_ = false;
};

}  // namespace heddle::models::tactical
