// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "sim/hw/bit_true/serial_array.h"

namespace heddle::hw {

template <class Design>
SerialArray<Design>::SerialArray(const sc_core::sc_module_name& name, const Design& design, Options options)
    : BitTrueArray(name), design_(design), options_(options) {
  const auto& shape = options_.shape;
  rows_.resize(std::size_t{shape.tiles} * shape.rows);
  for (std::uint32_t t = 0; t < shape.tiles; ++t) {
    for (std::uint32_t c = 0; c < shape.columns; ++c) {
      buses_.push_back(std::make_unique<sc_core::sc_buffer<Word, sc_core::SC_MANY_WRITERS>>(
          ("bus_" + std::to_string(t) + "_" + std::to_string(c)).c_str()));
      for (std::uint32_t r = 0; r < shape.rows; ++r) {
        const std::string id = std::to_string(t) + "_" + std::to_string(r) + "_" + std::to_string(c);
        elements_.push_back(
            std::make_unique<SerialUnit<Design>>(("unit_" + id).c_str(), row(t, r), reducer_));
        elements_.back()->bus(*buses_.back());
      }
    }
  }
  for (std::uint32_t u = 0; u < shape.tiles * shape.columns; ++u) {
    feeders_.push_back(std::make_unique<ColumnFeeder>(("dispatcher_" + std::to_string(u)).c_str(), *this, u));
  }
  SC_HAS_PROCESS(SerialArray);
  SC_METHOD(release);
  for (const auto& d : feeders_) this->sensitive << d->completed;
  this->dont_initialize();
  SC_METHOD(distribute_clock);
  this->sensitive << clock_.level.posedge_event();
  this->dont_initialize();
}

// Registers are loaded at the edge, when every element has used what they held. Feeders that are not in use
// get no clock.
template <class Design>
void SerialArray<Design>::distribute_clock() {
  if (!fully_connected_ && total_ > 0) {
    for (; loaded_ < released_.read(); ++loaded_)
      load_registers(loaded_, static_cast<std::uint32_t>(loaded_ % register_count_));
  }
  for (std::uint32_t u = 0; u < units_; ++u) feeders_[u]->edge.notify();
}

template <class Design>
void SerialArray<Design>::trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const {
  sc_core::sc_trace(file, clock_.level, "clock");
  sc_core::sc_trace(file, released_, "released_steps");
  for (std::uint32_t c = 0; c < options_.shape.columns; ++c) {
    const std::size_t unit = std::size_t{tile} * options_.shape.columns + c;
    sc_trace(file, buses_[unit]->read(), "tile" + std::to_string(tile) + "_column" + std::to_string(c));
    sc_core::sc_trace(file, feeders_[c]->completed, "column" + std::to_string(c) + "_completed_steps");
  }
}

template <class Design>
bool SerialArray<Design>::begin(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) {
  input_ = &input;
  block_ = block;
  rounds_ = pricing::Rounds(input, block_);
  reducer_ = &reducer;
  if constexpr (requires { design_.begin_layer(input); }) design_.begin_layer(input);
  steps_ = input.mapping.steps;
  fully_connected_ = input.lowered.is_fully_connected;
  total_ = block.passes.size() * block.window_sets.size() * steps_;
  if (total_ == 0) return false;
  // Unlimited registers are as many as the block has steps. In a fully connected layer each column has one.
  const std::uint64_t wanted = options_.registers == kUnlimitedRegisters
                                   ? total_
                                   : std::min<std::uint64_t>(total_, std::uint64_t{options_.registers} + 1);
  register_count_ = fully_connected_ ? fully_connected_columns() : static_cast<std::uint32_t>(wanted);
  for (auto& r : rows_) r.assign(register_count_, WeightRegister{});
  loaded_ = 0;
  std::size_t most_groups = 1;
  dispatch_groups_.assign(input.mapping.passes.size(), {});
  for (const auto p : block.passes) {
    dispatch_groups_[p] =
        pricing::dispatch_groups_of(input.mapping.passes[p], input.lowered.is_parallel_groups);
    most_groups = std::max(most_groups, dispatch_groups_[p].size());
  }
  units_ = static_cast<std::uint32_t>(most_groups) * units_per_group();
  for (auto& d : feeders_) d->reset();
  next_brick_.write(0);
  released_.write(fully_connected_ ? total_ : releasable(0));
  return true;
}

// A weight register is free once every unit has finished the step that used it: start(j,k) waits for
// E(k-1-R).
template <class Design>
void SerialArray<Design>::release() {
  std::uint64_t slowest = total_;
  for (std::uint32_t u = 0; u < units_; ++u) slowest = std::min(slowest, feeders_[u]->completed.read());
  if (slowest == total_ && total_ > 0) {
    total_ = 0;  // once only
    finish();
    return;
  }
  if (fully_connected_ || total_ == 0) return;
  released_.write(releasable(slowest));
}

template <class Design>
void SerialArray<Design>::load_registers(std::uint64_t step_index, std::uint32_t set) {
  const StepAt at = step_at(step_index);
  const arch::Pass& pass = input_->mapping.passes[at.pass];
  for (std::uint32_t t = 0; t < options_.shape.tiles; ++t) {
    for (std::uint32_t r = 0; r < options_.shape.rows; ++r) {
      WeightRegister& to = row(t, r)[set];
      to = {};
      if (t < pass.size() && r < pass[t].filters) {
        to.filter = pass[t].first_filter + r;
        to.brick = input_->weights->brick(to.filter, at.step).data();
      }
    }
  }
}

template <class Design>
SerialArray<Design>::ColumnFeeder::ColumnFeeder(const sc_core::sc_module_name& name, SerialArray& array,
                                                std::uint32_t index)
    : sc_module(name), edge("edge"), array_(array), index_(index), feed_(array.design_) {
  SC_HAS_PROCESS(ColumnFeeder);
  SC_METHOD(tick);
  sensitive << edge;
  dont_initialize();
}

template <class Design>
void SerialArray<Design>::ColumnFeeder::reset() {
  next_ = array_.fully_connected_ ? index_ : 0;
  active_ = false;
  completed.write(0);
}

template <class Design>
void SerialArray<Design>::ColumnFeeder::tick() {
  if (array_.total_ == 0) return;
  if (!active_ && !start()) return;
  emit(feed_.next(words_));
}

template <class Design>
bool SerialArray<Design>::ColumnFeeder::start() {
  return array_.fully_connected_ ? start_brick() : start_convolution();
}

// Steps in which the unit has no window, or its dispatch group no tile, take it no time.
template <class Design>
void SerialArray<Design>::ColumnFeeder::skip_absent() {
  while (next_ < array_.total_) {
    const StepAt at = array_.step_at(next_);
    const bool has_window = array_.input_->mapping.window_sets[at.window_set].count > first_column();
    if (has_window && (group_number() == 0 || array_.dispatch_group(at.pass, group_number()).tiles > 0))
      return;
    ++next_;
  }
}

template <class Design>
bool SerialArray<Design>::ColumnFeeder::start_convolution() {
  skip_absent();
  completed.write(next_);
  if (next_ >= array_.total_ || next_ >= array_.released_.read()) return false;
  load(first_column());
  return true;
}

// Round-robin: brick i goes to column i mod columns, in order, one per cycle.
template <class Design>
bool SerialArray<Design>::ColumnFeeder::start_brick() {
  if (next_ >= array_.total_) {
    completed.write(array_.total_);
    return false;
  }
  if (array_.next_brick_.read() != next_) return false;
  array_.next_brick_.write(next_ + 1);
  array_.load_registers(next_, index_);
  load(0);
  return true;
}

template <class Design>
void SerialArray<Design>::ColumnFeeder::load(std::uint32_t first_column) {
  const StepAt at = array_.step_at(next_);
  const arch::LayerInput& input = *array_.input_;
  const arch::WindowSet& set = input.mapping.window_sets[at.window_set];
  const std::uint32_t group =
      array_.dispatch_group(at.pass, array_.fully_connected_ ? 0 : group_number()).group;
  const std::uint32_t columns =
      array_.fully_connected_ ? 1 : std::min(array_.options_.columns_per_unit, set.count - first_column);
  operands_ = {&input, at.pass, at.step, at.window_set, {}};
  words_.assign(columns, Word{});
  for (std::uint32_t i = 0; i < columns; ++i) {
    const std::uint64_t window = set.first + first_column + i;
    operands_.bricks.push_back(input.activations->brick(
        workload::brick_index(*input.activations, input.lowered, group, window, at.step)));
    words_[i].control.window = window;
  }
  feed_.begin(operands_);
  active_ = true;
  first_cycle_ = true;
}

template <class Design>
void SerialArray<Design>::ColumnFeeder::emit(bool step_ends) {
  const StepAt at = array_.step_at(next_);
  const bool alone = array_.fully_connected_;
  const pricing::DispatchGroup group = array_.dispatch_group(at.pass, alone ? 0 : group_number());
  for (std::uint32_t i = 0; i < words_.size(); ++i) {
    ElementControl& control = words_[i].control;
    control.weight_set = alone ? index_ : static_cast<std::uint32_t>(next_ % array_.register_count_);
    control.first = first_cycle_ && (alone || at.step == 0);
    control.last = step_ends && (alone || at.step + 1 == array_.steps_);
    for (std::uint32_t t = 0; t < group.tiles; ++t) {
      array_.buses_[std::size_t{group.first_tile + t} * array_.options_.shape.columns + first_column() + i]
          ->write(words_[i]);
    }
  }
  first_cycle_ = false;
  if (!step_ends) return;
  active_ = false;
  if (alone) {
    next_ = std::min<std::uint64_t>(next_ + array_.fully_connected_columns(), array_.total_);
  } else {
    ++next_;
    skip_absent();
  }
  completed.write(next_);
}

}  // namespace heddle::hw
