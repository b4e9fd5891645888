// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/work_list_builder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/base/error.h"

namespace heddle::memory {
namespace {

Bytes share(Bytes all, std::uint64_t begin, std::uint64_t end, std::uint64_t parts) {
  return Bytes(part_begin(all.count(), end, parts) - part_begin(all.count(), begin, parts));
}

Bytes weights_of(const LayerShape& shape, const Piece& piece, Bytes all) {
  const std::uint64_t before = shape.filters_before(piece.pass);
  const Bytes pass = share(all, before, before + shape.pass_filters(piece.pass), shape.filters());
  return share(pass, piece.first_brick, piece.last_brick, shape.bricks());
}

// Bytes of a tensor of all outputs that belong to a piece.
Bytes outputs_of(const LayerShape& shape, const Piece& piece, Bytes all) {
  const std::uint64_t before = shape.filters_before(piece.pass);
  const Bytes pass = share(all, before, before + shape.pass_filters(piece.pass), shape.filters());
  const std::uint64_t windows = shape.windows(0, shape.window_sets());
  return share(pass, shape.windows(0, piece.first_set), shape.windows(0, piece.last_set), windows);
}

// Keeps count of what a tensor's transfers have touched, so that addresses run on.
std::uint64_t offset_of(const LayerShape& shape, const Piece& piece, Bytes all) {
  const std::uint64_t before = shape.filters_before(piece.pass);
  const Bytes pass = share(all, before, before + shape.pass_filters(piece.pass), shape.filters());
  return share(all, 0, before, shape.filters()).count() +
         share(pass, 0, shape.windows(0, piece.first_set), shape.windows(0, shape.window_sets())).count();
}

// What a codec takes for `bytes` of a tensor of `all` bytes and so many groups.
Cycles codec_cycles(std::uint64_t groups, Bytes bytes, Bytes all, std::uint32_t rate) {
  if (all == Bytes(0)) return Cycles(0);
  return Cycles(ceil_div(part_begin(groups, bytes.count(), all.count()), rate));
}

}  // namespace

void Scheduler::load(const Transfer& transfer, bool reads_back) {
  if (!has_off_chip_ || transfer.bytes == Bytes(0)) return;
  // Loads of one cause stay in the order of the work that waits for them.
  Last& last = last_load_[static_cast<std::size_t>(cause_of(transfer.tensor))];
  const std::uint32_t early = transfer.item > kQueueAhead ? transfer.item - kQueueAhead : 0;
  const std::uint32_t position = std::max({transfer.after, last.position, early, sample_start_});
  reads_back = reads_back || (last.reads_back && last.position == position);
  last = {position, reads_back};
  if (cause_of(transfer.tensor) != Cause::weights) {
    queued_.push_back({transfer, position, reads_back});
    return;
  }
  movable_.push_back({transfer, position, reads_back});
  // Ahead of a load there may be none that has no room yet.
  auto& after = movable_.back().transfer.after;
  after = std::max(after, sample_start_);
  if (movable_.size() > 1) after = std::max(after, movable_[movable_.size() - 2].transfer.after);
}

void Scheduler::store(const Transfer& transfer) {
  if (!has_off_chip_ || transfer.bytes == Bytes(0)) return;
  stores_before_last_ = stores_;
  ++stores_;
  queued_.push_back({transfer, transfer.after});
}

void Scheduler::load_weights(const ScheduledLayer& layer, const Piece& piece, std::uint32_t item,
                             std::uint32_t last_item) {
  const Bytes room = weights_of(layer.shape, piece, layer.sizes.weights_room);
  // Without double buffering a block waits for the end of the one before it.
  const auto must_go = [&](const InWeightMemory& oldest) {
    if (weights_held_ + room > weight_memory_.capacity) return true;
    return !weight_memory_.is_double_buffered &&
           (oldest.layer != list_.layers || oldest.block != piece.weight_block);
  };
  while (!weights_.empty() && must_go(weights_.front())) {
    weights_after_ = std::max(weights_after_, weights_.front().last_item + 1);
    weights_held_ -= weights_.front().room;
    weights_.pop_front();
  }
  weights_.push_back({room, last_item, piece.weight_block, list_.layers});
  weights_held_ += room;
  list_.weight_rooms.push_back({item, last_item, room});
  const std::uint64_t before = layer.shape.filters_before(piece.pass);
  const auto transfer = [&](Tensor tensor, Bytes all, std::uint64_t address, std::uint64_t groups) {
    const Bytes bytes = weights_of(layer.shape, piece, all);
    address += share(all, 0, before, layer.shape.filters()).count() +
               share(weights_of(layer.shape, {.pass = piece.pass, .last_brick = layer.shape.bricks()}, all),
                     0, piece.first_brick, layer.shape.bricks())
                   .count();
    const std::uint32_t after =
        layer.weights_are_run_time ? std::max(weights_after_, layer_start_) : weights_after_;
    load({item, after, tensor, false, address, bytes, codec_cycles(groups, bytes, all, codec_.decoder)},
         layer.weights_are_run_time);
  };
  transfer(Tensor::weights, layer.sizes.weights, layer.addresses.weights, layer.weight_groups);
  transfer(Tensor::metadata, layer.sizes.metadata, layer.addresses.metadata, 0);
}

void Scheduler::load_input(const ScheduledLayer& layer, const Piece& piece, std::uint32_t item,
                           std::uint32_t after) {
  const Bytes lines = layer.sizes.line_group * (piece.lines * piece.groups);
  const Bytes bytes = share(lines, piece.first_brick, piece.last_brick, layer.shape.bricks());
  const Bytes all = layer.sizes.line_group * (layer.shape.used_lines() * layer.shape.groups());
  const std::uint64_t address =
      layer.addresses.input + (layer.sizes.line_group * (piece.first_line * layer.shape.groups())).count();
  load({item, after, Tensor::input_activations, false, address, bytes,
        codec_cycles(layer.input_groups, bytes, all, codec_.decoder)},
       layer.input_is_made);
}

// Partial sums that a piece goes on with come as its activations do; those that it leaves go as outputs. They
// stay in the array where the next piece works on the same window set.
void Scheduler::move_sums(const ScheduledLayer& layer, const Piece& piece, std::uint32_t ahead, Work& work) {
  const auto item = static_cast<std::uint32_t>(list_.items.size());
  const Bytes sums = outputs_of(layer.shape, piece, layer.sizes.partial_sums);
  const std::uint64_t address =
      layer.addresses.partial_sums + offset_of(layer.shape, piece, layer.sizes.partial_sums);
  const bool has_more_sets = piece.last_set - piece.first_set > 1;
  if (piece.loads_sums)
    load({item, std::max(ahead, layer_start_), Tensor::partial_sums, false, address, sums, Cycles(0)}, true);
  if (piece.stores_sums) store({item, item + 1, Tensor::partial_sums, true, address, sums, Cycles(0)});
  if (piece.loads_sums || (piece.first_brick > 0 && has_more_sets)) work.sums_read = sums;
  if (piece.stores_sums || (!piece.is_final && has_more_sets)) work.sums_written = sums;
  work.activation_read += work.sums_read;
  work.output_written += work.sums_written;
}

void Scheduler::write_outputs(const ScheduledLayer& layer, const Piece& piece, std::uint32_t ahead,
                              Work& work) {
  const auto item = static_cast<std::uint32_t>(list_.items.size());
  const Bytes extra = outputs_of(layer.shape, piece, layer.sizes.extra);
  load({item, std::max(ahead, layer_start_), Tensor::input_activations, false,
        layer.addresses.extra + offset_of(layer.shape, piece, layer.sizes.extra), extra,
        codec_cycles(layer.extra_groups, extra, layer.sizes.extra, codec_.decoder)},
       true);
  const Bytes outputs = outputs_of(layer.shape, piece, layer.sizes.output);
  store({item, item + 1, Tensor::output_activations, true,
         layer.addresses.output + offset_of(layer.shape, piece, layer.sizes.output), outputs,
         codec_cycles(layer.output_groups, outputs, layer.sizes.output, codec_.encoder)});
  work.output_written += outputs_of(layer.shape, piece, layer.output_written);
}

void Scheduler::add_item(const ScheduledLayer& layer, const Piece& piece, Work work) {
  const auto item = static_cast<std::uint32_t>(list_.items.size());
  const std::uint32_t ahead = activation_memory_.is_double_buffered && item > 0 ? item - 1 : item;
  const std::uint32_t stores_now = stores_;
  const std::uint32_t kept = activation_memory_.is_double_buffered ? stores_before_last_ : stores_;
  move_sums(layer, piece, ahead, work);
  if (piece.is_final) write_outputs(layer, piece, ahead, work);
  // Room for one piece's outputs beside those that are on their way.
  if (stores_ > stores_now) work.stores_before = kept;
  list_.items.push_back(work);
}

void Scheduler::add(const ScheduledLayer& layer) {
  const std::vector<Piece> pieces = pieces_of(layer.blocking, layer.shape);
  const auto first = static_cast<std::uint32_t>(list_.items.size());
  layer_start_ = first;
  std::map<std::uint64_t, std::uint32_t> last_weight_use;
  std::map<std::uint64_t, std::uint32_t> last_input_use;
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    last_weight_use[pieces[i].weight_key] = first + i;
    last_input_use[pieces[i].input_key] = first + i;
  }
  std::vector<std::uint64_t> inputs;  // keys in the order of their loads
  std::map<std::uint64_t, bool> loaded_weights;
  std::map<std::uint64_t, bool> loaded_inputs;
  const bool keeps_all_input =
      layer.blocking.order == LoopOrder::whole || layer.blocking.order == LoopOrder::sums_kept;
  const std::size_t blocks_ahead = activation_memory_.is_double_buffered ? 2 : 1;
  std::vector<std::vector<std::uint64_t>> before(
      layer.costs.size());  // compute cycles before each pass of a block
  for (std::size_t b = 0; b < layer.costs.size(); ++b) {
    std::uint64_t sum = 0;
    for (const auto pass : layer.costs[b].passes) before[b].push_back(std::exchange(sum, sum + pass.count()));
  }
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const std::uint32_t item = first + i;
    if (!std::exchange(loaded_weights[piece.weight_key], true))
      load_weights(layer, piece, item, last_weight_use[piece.weight_key]);
    if (!std::exchange(loaded_inputs[piece.input_key], true)) {
      std::uint32_t after = first;
      if (!keeps_all_input && inputs.size() >= blocks_ahead) {
        after = std::max(after, last_input_use[inputs[inputs.size() - blocks_ahead]] + 1);
      }
      inputs.push_back(piece.input_key);
      load_input(layer, piece, item, after);
    }
    const arch::Cost& cost = layer.costs[piece.block];
    const std::uint64_t pass = cost.passes[piece.pass_in_block].count();
    const std::uint64_t begin = part_begin(pass, piece.begin, piece.parts);
    const std::uint64_t end = part_begin(pass, piece.end, piece.parts);
    const auto stream = [&](Bits all) {
      const std::uint64_t start = before[piece.block][piece.pass_in_block];
      return share(bytes_holding(all), start + begin, start + end,
                   std::max<std::uint64_t>(1, cost.compute.count()));
    };
    add_item(layer, piece,
             {.layer = list_.layers,
              .compute = Cycles(end - begin),
              .weight_read = stream(cost.weight_read),
              .activation_read = stream(cost.activation_read),
              .output_written = Bytes(0),
              .output_bursts = piece.last_set - piece.first_set,
              .reduced_before = first > sample_start_ ? first : 0,
              .stores_before = 0});
  }
  ++list_.layers;
}

void Scheduler::end_sample() {
  HEDDLE_CHECK(list_.layers > 0, "a sample without layers");
  list_.items.push_back({.layer = list_.layers - 1,
                         .compute = Cycles(0),
                         .weight_read = Bytes(0),
                         .activation_read = Bytes(0),
                         .output_written = Bytes(0),
                         .stores_before = stores_});
  const auto fixed = std::span(queued_).subspan(sample_queued_);
  const auto items = std::span(list_.items).subspan(sample_start_);
  const auto loads = place_ahead(fixed, movable_, items, sample_start_);
  queued_.insert(queued_.end(), loads.begin(), loads.end());
  sample_queued_ = queued_.size();
  movable_.clear();
  sample_start_ = static_cast<std::uint32_t>(list_.items.size());
  weights_.clear();
  weights_held_ = Bytes(0);
  weights_after_ = sample_start_;
}

WorkList Scheduler::finish() {
  list_.transfers = order_transfers(std::move(queued_));
  return std::move(list_);
}

}  // namespace heddle::memory
