// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "sim/base/error.h"
#include "sim/hw/bit_true/cascade_array.h"

namespace heddle::hw {

template <class Design>
CascadeArray<Design>::CascadeArray(const sc_core::sc_module_name& name, const Design& design, Options options)
    : BitTrueArray(name), design_(design), options_(options) {
  const auto& shape = options_.shape;
  for (std::uint32_t c = 0; c < shape.columns; ++c) {
    buses_.push_back(std::make_unique<sc_core::sc_buffer<Word>>(("bus_" + std::to_string(c)).c_str()));
    columns_.emplace_back(design_, c);
  }
  for (std::uint32_t t = 0; t < shape.tiles; ++t) {
    for (std::uint32_t r = 0; r < shape.rows; ++r) {
      for (std::uint32_t c = 0; c < shape.columns; ++c) {
        const std::string id =
            "unit_" + std::to_string(t) + "_" + std::to_string(r) + "_" + std::to_string(c);
        units_.push_back(
            std::make_unique<Unit>(id.c_str(), *this, static_cast<std::uint32_t>(units_.size())));
        units_.back()->bus(*buses_[c]);
      }
    }
  }
  SC_HAS_PROCESS(CascadeArray);
  SC_METHOD(tick);
  this->sensitive << clock_.level.posedge_event();
  this->dont_initialize();
}

template <class Design>
void CascadeArray<Design>::trace_tile(sc_core::sc_trace_file* file, std::uint32_t /*tile*/) const {
  // A column sends one word to all tiles.
  sc_core::sc_trace(file, clock_.level, "cascade_clock");
  for (std::uint32_t c = 0; c < options_.shape.columns; ++c) {
    sc_trace(file, buses_[c]->read(), "cascade_column" + std::to_string(c));
  }
}

template <class Design>
bool CascadeArray<Design>::begin(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) {
  input_ = &input;
  reducer_ = &reducer;
  runs_ = pricing::cascade_runs(input, block);
  run_ = 0;
  if (runs_.empty()) return false;
  begin_run();
  return true;
}

template <class Design>
void CascadeArray<Design>::begin_run() {
  for (Column& column : columns_) {
    column.wait = options_.reduction == Reduction::chain ? column.index : 0;
    column.pass = column.step = column.stage = 0;
    column.is_loading = options_.loads_first;
    column.in_step = column.is_done = false;
  }
}

template <class Design>
void CascadeArray<Design>::tick() {
  if (run_ == runs_.size()) return;
  bool is_done = true;
  for (Column& column : columns_) {
    advance(column);
    is_done = is_done && column.is_done;
  }
  if (!is_done) return;
  if (++run_ == runs_.size()) {
    finish();
  } else {
    begin_run();
  }
}

template <class Design>
void CascadeArray<Design>::advance(Column& column) {
  if (column.is_done) return;
  if (column.wait > 0) {
    --column.wait;
    return;
  }
  Word word{};
  if (column.stage > 0) {
    word.control.reduce = column.stage;
    column.is_done = word.control.reduced = column.stage == ceil_log2(run().cascade.slices);
    ++column.stage;
    emit(column, word);
    return;
  }
  const bool starts = !column.in_step;
  if (starts) begin_step(column);
  word.control.step_starts = starts;
  word.control.pass_starts = starts && !column.is_loading && column.step == 0;
  if (column.feed.next(word)) end_step(column, word.control);
  emit(column, word);
}

template <class Design>
void CascadeArray<Design>::begin_step(Column& column) {
  const auto& at = run();
  column.in_step = true;
  At next{column.pass, column.step};
  bool has_next = true;
  if (!column.is_loading && ++next.step == at.cascade.steps) {
    next = {column.pass + 1, 0};
    has_next = next.pass < at.passes.size();
  }
  hold(column, column.is_loading, has_next ? &next : nullptr);
  CascadeOperands& operands = column.operands;
  if (!has_next) next = {column.pass, column.step};
  operands = {input_, at.passes[column.pass], column.is_loading, column.step, 0,
              {},     at.passes[next.pass],   next.step};
  const auto& sets = input_->mapping.passes[operands.pass];
  operands.slice = column.index % at.cascade.slices;
  for (std::uint32_t j = 0; j < at.cascade.slices && !column.is_loading; ++j) {
    const std::uint32_t brick = column.step * at.cascade.slices + j;
    if (brick >= input_->lowered.bricks) break;
    operands.bricks.push_back(input_->activations->brick(
        workload::brick_index(*input_->activations, input_->lowered, sets.front().group, 0, brick)));
  }
  column.feed.begin(operands);
}

// The weights of a row's element in this column, null where its slice has no brick. `filter`: its output,
// or kNoFilter.
template <class Design>
const std::int32_t* CascadeArray<Design>::weights_at(const At& at, const Column& column, std::uint32_t tile,
                                                     std::uint32_t row, std::uint32_t* filter) const {
  constexpr std::uint32_t kNoFilter = std::numeric_limits<std::uint32_t>::max();
  *filter = kNoFilter;
  const arch::Pass& sets = input_->mapping.passes[run().passes[at.pass]];
  const std::uint32_t slices = run().cascade.slices;
  const std::uint32_t output = column.index / slices;
  if (tile >= sets.size() || output >= pricing::outputs_per_row(sets, options_.shape)) return nullptr;
  const std::uint32_t n = output * options_.shape.rows + row;
  if (n >= sets[tile].filters) return nullptr;
  *filter = sets[tile].first_filter + n;
  const std::uint32_t brick = at.step * slices + column.index % slices;
  return brick < input_->lowered.bricks ? input_->weights->brick(*filter, brick).data() : nullptr;
}

template <class Design>
void CascadeArray<Design>::hold(const Column& column, bool is_load, const At* next) {
  const std::uint32_t slices = run().cascade.slices;
  for (std::uint32_t t = 0; t < options_.shape.tiles; ++t) {
    for (std::uint32_t r = 0; r < options_.shape.rows; ++r) {
      Holding& to = units_[element(t, r, column.index)]->holding;
      to = {};
      to.slice = column.index % slices;
      to.slices = slices;
      std::uint32_t next_filter = 0;
      if (next != nullptr) to.weights.next = weights_at(*next, column, t, r, &next_filter);
      const std::int32_t* now = weights_at({column.pass, column.step}, column, t, r, &to.filter);
      if (!is_load) to.weights.now = now;
      to.is_active = to.filter != std::numeric_limits<std::uint32_t>::max();
    }
  }
}

template <class Design>
void CascadeArray<Design>::end_step(Column& column, CascadeControl& control) {
  column.in_step = false;
  if (column.is_loading) {
    column.is_loading = false;
    return;
  }
  if (++column.step < run().cascade.steps) return;
  control.pass_ends = true;
  column.step = 0;
  if (++column.pass < run().passes.size()) return;
  const bool has_tree = options_.reduction == Reduction::tree && run().cascade.slices > 1;
  column.stage = has_tree ? 1 : 0;
  column.is_done = !has_tree;
}

template <class Design>
void CascadeArray<Design>::emit(Column& column, const Word& word) {
  buses_[column.index]->write(word);
}

template <class Design>
void CascadeArray<Design>::Unit::tick() {
  const Word& word = bus->read();
  if (!holding.is_active && holding.weights.next == nullptr) return;
  if (word.control.reduce > 0) {
    reduce(word.control);
    return;
  }
  if (word.control.pass_starts) element_.clear();
  element_.clock(word, holding.weights);
  if (word.control.pass_ends && holding.is_active) complete();
}

template <class Design>
void CascadeArray<Design>::Unit::complete() {
  total_ = element_.sum();
  const bool is_chain = array_.options_.reduction == Reduction::chain;
  if (is_chain && holding.slice > 0) total_ += array_.units_[index_ - 1]->partial.read();
  const bool is_last = is_chain ? holding.slice + 1 == holding.slices : holding.slices == 1;
  if (is_last) {
    array_.reducer_->add(holding.filter, 0, total_);
  } else {
    partial.write(total_);
  }
}

// A stage of the tree. After the last stage, slice 0 holds the sum of all slices.
template <class Design>
void CascadeArray<Design>::Unit::reduce(const CascadeControl& control) {
  const std::uint32_t distance = 1U << (control.reduce - 1);
  if (!holding.is_active || holding.slice % (2 * distance) != 0) return;
  if (holding.slice + distance < holding.slices) total_ += array_.units_[index_ + distance]->partial.read();
  partial.write(total_);
  if (control.reduced && holding.slice == 0) array_.reducer_->add(holding.filter, 0, total_);
}

}  // namespace heddle::hw
