// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "models/tactical/hw/packed_array.h"
#include "sim/base/error.h"
#include "sim/kernel/run_ahead.h"

namespace heddle::models::tactical {

template <class D>
PackedArray<D>::PackedArray(const sc_core::sc_module_name& name, const Tactical& model)
    : BitTrueArray(name),
      model_(model),
      shape_(model.shape()),
      lockstep_(model.params().tile_sync == TileSync::lockstep) {
  sets_.resize(shape_.tiles);
  build_columns();
  for (std::uint32_t d = 0; d < (lockstep_ ? 1 : shape_.tiles); ++d) {
    released_.push_back(std::make_unique<Count>(("released_" + std::to_string(d)).c_str()));
    issued_.push_back(std::make_unique<Count>(("issued_" + std::to_string(d)).c_str()));
  }
  SC_HAS_PROCESS(PackedArray);
  SC_METHOD(release);
  for (const auto& d : feeders_) this->sensitive << d->completed;
  this->dont_initialize();
  SC_METHOD(distribute_clock);
  this->sensitive << clock_.level.posedge_event();
  this->dont_initialize();
}

template <class D>
void PackedArray<D>::build_columns() {
  for (std::uint32_t t = 0; t < shape_.tiles; ++t) {
    for (std::uint32_t c = 0; c < shape_.columns; ++c) {
      const std::string id = std::to_string(t) + "_" + std::to_string(c);
      buses_.push_back(
          std::make_unique<sc_core::sc_buffer<Word, sc_core::SC_MANY_WRITERS>>(("bus_" + id).c_str()));
      feeders_.push_back(std::make_unique<ColumnFeeder>(("dispatcher_" + id).c_str(), *this, t, c));
      for (std::uint32_t r = 0; r < shape_.rows; ++r) {
        units_.push_back(std::make_unique<Unit<D>>(("unit_" + id + "_" + std::to_string(r)).c_str(), sets_[t],
                                                   r, reducer_));
        units_.back()->bus(*buses_.back());
      }
    }
  }
}

template <class D>
void PackedArray<D>::trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const {
  sc_core::sc_trace(file, clock_.level, "clock");
  sc_core::sc_trace(file, *released_[domain_of(tile)], "released_columns");
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    const std::size_t unit = std::size_t{tile} * shape_.columns + c;
    sc_trace(file, buses_[unit]->read(), "tile" + std::to_string(tile) + "_column" + std::to_string(c));
    sc_core::sc_trace(file, feeders_[unit]->completed, "column" + std::to_string(c) + "_completed");
  }
}

template <class D>
bool PackedArray<D>::begin(const arch::LayerInput& input, const arch::Block& block, hw::Reducer& reducer) {
  input_ = &input;
  const Params& params = model_.params();
  detector_ = pricing::WidthDetector::of_activations(params.width_rule, params.trim_low, input);
  block_ = block;
  reducer_ = &reducer;
  fully_connected_ = input.lowered.is_fully_connected;
  rounds_ = fully_connected_ ? 1 : block.passes.size() * block.window_sets.size();
  at_round_ = 0;
  if (block.passes.empty() || block.window_sets.empty()) return false;
  programs_.assign(shape_.tiles, {~0U, nullptr});
  domains_.assign(released_.size(), {});
  for (std::uint32_t t = 0; t < shape_.tiles; ++t) domains_[domain_of(t)].tiles.push_back(t);
  std::uint64_t most = 1;
  for (Domain& domain : domains_) {
    for (const auto pass : block.passes) {
      std::uint64_t columns = 0;
      for (const auto tile : domain.tiles) {
        if (tile < input.mapping.passes[pass].size())
          columns = std::max<std::uint64_t>(columns, program(pass, tile)->columns.size());
      }
      domain.pass_columns.push_back(columns);
      domain.per_round += columns;
      most = std::max(most, columns);
    }
  }
  const std::uint32_t registers = model_.params().registers;
  const std::uint64_t wanted = registers == kernel::RunAhead::kUnlimited
                                   ? most
                                   : std::min<std::uint64_t>(most, std::uint64_t{registers} + 1);
  register_count_ = fully_connected_ ? fully_connected_columns() : static_cast<std::uint32_t>(wanted);
  for (auto& sets : sets_) sets.assign(register_count_, WeightSet{});
  bases_.assign(domains_.size(), 0);
  loaded_.assign(domains_.size(), 0);
  for (auto& d : feeders_) d->reset();
  for (std::uint32_t d = 0; d < domains_.size(); ++d) {
    issued_[d]->write(0);
    released_[d]->write(std::min<std::uint64_t>(goal(d), register_count_));
  }
  return true;
}

template <class D>
const std::shared_ptr<const WeightProgram>& PackedArray<D>::program(std::uint32_t pass, std::uint32_t tile) {
  auto& kept = programs_[tile];
  if (kept.first != pass) kept = {pass, load_program(model_, *input_, input_->mapping.passes[pass][tile])};
  return kept.second;
}

template <class D>
bool PackedArray<D>::has(std::uint32_t pass, std::uint32_t tile, std::size_t column) {
  return tile < input_->mapping.passes[pass].size() && column < program(pass, tile)->columns.size();
}

template <class D>
std::uint64_t PackedArray<D>::goal(std::uint32_t domain) const {
  if (fully_connected_) return domains_[domain].per_round;
  return bases_[domain] + domains_[domain].pass_columns[at_round_ / block_.window_sets.size()];
}

template <class D>
std::uint64_t PackedArray<D>::slowest(std::uint32_t domain) const {
  std::uint64_t out = goal(domain);
  for (const auto tile : domains_[domain].tiles) {
    for (std::uint32_t c = 0; c < shape_.columns; ++c)
      out = std::min(out, feeders_[tile * shape_.columns + c]->completed.read());
  }
  return out;
}

template <class D>
typename PackedArray<D>::Place PackedArray<D>::place_at(const Domain& domain, std::uint64_t index) const {
  if (!fully_connected_) {
    const std::size_t pass = at_round_ / block_.window_sets.size();
    const auto d = static_cast<std::size_t>(&domain - domains_.data());
    return {block_.passes[pass], block_.window_sets[at_round_ % block_.window_sets.size()], index - bases_[d],
            domain.pass_columns[pass]};
  }
  std::size_t pass = 0;
  while (index >= domain.pass_columns[pass]) index -= domain.pass_columns[pass++];
  return {block_.passes[pass], block_.window_sets.front(), index, domain.pass_columns[pass]};
}

// A weight register is free once no column of the domain uses it any longer. When all domains have walked the
// window set, the next one begins.
template <class D>
void PackedArray<D>::release() {
  if (rounds_ == 0) return;
  bool done = true;
  for (std::uint32_t d = 0; d < domains_.size(); ++d) done = done && slowest(d) == goal(d);
  if (done) {
    for (std::uint32_t d = 0; d < domains_.size(); ++d) bases_[d] = goal(d);
    if (++at_round_ == rounds_) {
      rounds_ = 0;
      finish();
      return;
    }
  }
  if (fully_connected_) return;
  for (std::uint32_t d = 0; d < domains_.size(); ++d)
    released_[d]->write(std::min(goal(d), slowest(d) + register_count_));
}

// Registers are loaded at the edge, when every unit has used what they held.
template <class D>
void PackedArray<D>::distribute_clock() {
  if (rounds_ == 0) return;
  if (!fully_connected_) {
    for (std::uint32_t d = 0; d < domains_.size(); ++d) load_sets(d);
  }
  for (auto& d : feeders_) d->edge.notify();
}

template <class D>
void PackedArray<D>::load_sets(std::uint32_t domain) {
  for (; loaded_[domain] < released_[domain]->read(); ++loaded_[domain]) {
    const Place at = place_at(domains_[domain], loaded_[domain]);
    for (const auto tile : domains_[domain].tiles) {
      if (has(at.pass, tile, at.column))
        sets_[tile][loaded_[domain] % register_count_] = {program(at.pass, tile), at.column};
    }
  }
}

template <class D>
PackedArray<D>::ColumnFeeder::ColumnFeeder(const sc_core::sc_module_name& name, PackedArray& array,
                                           std::uint32_t tile, std::uint32_t column)
    : sc_module(name), edge("edge"), array_(array), tile_(tile), column_(column), feed_(array.model_) {
  SC_HAS_PROCESS(ColumnFeeder);
  SC_METHOD(tick);
  sensitive << edge;
  dont_initialize();
}

template <class D>
void PackedArray<D>::ColumnFeeder::reset() {
  active_ = false;
  next_ = array_.fully_connected_ ? column_ : 0;
  skip_absent();
  completed.write(next_);
}

template <class D>
void PackedArray<D>::ColumnFeeder::tick() {
  if (!active_ && !start()) return;
  emit(feed_.next(word_));
}

// Packed columns that its tile does not have, and windows that the set lacks, take it no time.
template <class D>
void PackedArray<D>::ColumnFeeder::skip_absent() {
  const std::uint32_t domain = array_.domain_of(tile_);
  const std::uint64_t goal = array_.goal(domain);
  const std::uint32_t stride = array_.fully_connected_ ? array_.fully_connected_columns() : 1;
  const bool takes_turns = !array_.fully_connected_ || column_ < stride;
  while (takes_turns && next_ < goal) {
    const Place at = array_.place_at(array_.domains_[domain], next_);
    const bool has_window =
        array_.fully_connected_ || column_ < array_.input_->mapping.window_sets[at.window_set].count;
    if (has_window && array_.has(at.pass, tile_, at.column)) return;
    next_ += stride;
  }
  next_ = goal;
}

template <class D>
bool PackedArray<D>::ColumnFeeder::start() {
  skip_absent();
  completed.write(next_);
  if (next_ >= array_.goal(array_.domain_of(tile_))) return false;
  return array_.fully_connected_ ? start_issue() : start_convolution();
}

template <class D>
bool PackedArray<D>::ColumnFeeder::start_convolution() {
  const std::uint32_t domain = array_.domain_of(tile_);
  if (next_ >= array_.released_[domain]->read()) return false;
  const Place at = array_.place_at(array_.domains_[domain], next_);
  load(static_cast<std::uint32_t>(next_ % array_.register_count_),
       array_.input_->mapping.window_sets[at.window_set].first + column_);
  return true;
}

// Round-robin: packed column i goes to column i mod columns, in order, one per cycle; in lockstep once this
// column is free in every tile.
template <class D>
bool PackedArray<D>::ColumnFeeder::start_issue() {
  const std::uint32_t domain = array_.domain_of(tile_);
  if (array_.issued_[domain]->read() != next_) return false;
  for (const auto tile : array_.domains_[domain].tiles) {
    if (array_.feeder(tile, column_).completed.read() < next_) return false;
  }
  const Place at = array_.place_at(array_.domains_[domain], next_);
  // All tiles of the domain that hold the packed column start with it; the first of them passes the token on.
  const auto& tiles = array_.domains_[domain].tiles;
  const auto first = std::find_if(tiles.begin(), tiles.end(),
                                  [&](std::uint32_t tile) { return array_.has(at.pass, tile, at.column); });
  if (*first == tile_) array_.issued_[domain]->write(next_ + 1);
  array_.sets_[tile_][column_] = {array_.program(at.pass, tile_), at.column};
  load(column_, array_.input_->mapping.window_sets[at.window_set].first);
  return true;
}

template <class D>
void PackedArray<D>::ColumnFeeder::load(std::uint32_t weight_set, std::uint64_t window) {
  const WeightSet& set = array_.sets_[tile_][weight_set];
  const arch::LayerInput& input = *array_.input_;
  Operands operands{&array_.detector_, &set.weights(), input.mapping.composition.columns, {}};
  for (const auto& operand : operands.column->operands) {
    const auto at =
        workload::brick_index(*input.activations, input.lowered, set.program->group, window, operand.step);
    operands.values.push_back(input.activations->brick(at)[operand.lane]);
  }
  feed_.begin(operands);
  word_ = Word{};
  word_.control.weight_set = weight_set;
  word_.control.window = window;
  active_ = true;
  first_cycle_ = true;
}

template <class D>
void PackedArray<D>::ColumnFeeder::emit(bool column_ends) {
  const WeightSet& set = array_.sets_[tile_][word_.control.weight_set];
  const bool alone = array_.fully_connected_;
  word_.control.first = first_cycle_ && (alone || set.column == 0);
  word_.control.last = column_ends && (alone || set.column + 1 == set.program->columns.size());
  array_.buses_[tile_ * array_.shape_.columns + column_]->write(word_);
  first_cycle_ = false;
  if (!column_ends) return;
  active_ = false;
  next_ += alone ? array_.fully_connected_columns() : 1;
  skip_absent();
  completed.write(next_);
}

}  // namespace heddle::models::tactical
