// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/work_list_builder.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"

namespace heddle::memory {
namespace {

// Where the bytes of a piece lie in a tensor.
struct Run {
  std::uint64_t offset = 0;
  Bytes bytes;
};

// The given parts of the bytes that a piece's pass has in a tensor that is ordered by filter.
Run run_of(const LayerShape& shape, const Piece& piece, Bytes tensor, const Parts& of_pass) {
  const PassShape& pass = shape.pass(piece.pass);
  const std::uint64_t end = pass.filters_before + pass.filters;
  const Bytes bytes = share(tensor, {pass.filters_before, end, shape.filters()});
  return {share(tensor, {0, pass.filters_before, shape.filters()}).count() +
              share(bytes, {0, of_pass.begin, of_pass.parts}).count(),
          share(bytes, of_pass)};
}

Parts bricks_of(const LayerShape& shape, const Piece& piece) {
  return {piece.bricks.begin, piece.bricks.end, shape.bricks()};
}

Run weights_of(const LayerShape& shape, const Piece& piece, Bytes weights) {
  return run_of(shape, piece, weights, bricks_of(shape, piece));
}

// Of a tensor with one element per output: outputs, second operands or partial sums.
Run outputs_of(const LayerShape& shape, const Piece& piece, Bytes tensor) {
  return run_of(
      shape, piece, tensor,
      {shape.windows_before(piece.sets.begin), shape.windows_before(piece.sets.end), shape.windows()});
}

// Cycles of a codec for `bytes` of a tensor of `all` bytes and `groups` groups.
Cycles codec_cycles(std::uint64_t groups, Bytes bytes, Bytes all, std::uint32_t groups_per_cycle) {
  if (all == Bytes(0)) return Cycles(0);
  return Cycles(ceil_div(proportion(groups, bytes.count(), all.count()), groups_per_cycle));
}

// Compute cycles of a block before each of its passes, for all blocks.
std::vector<std::vector<std::uint64_t>> pass_starts_of(std::span<const arch::Cost> costs) {
  std::vector<std::vector<std::uint64_t>> out(costs.size());
  for (std::size_t b = 0; b < costs.size(); ++b) {
    std::uint64_t sum = 0;
    for (const auto pass : costs[b].passes) out[b].push_back(std::exchange(sum, sum + pass.count()));
  }
  return out;
}

}  // namespace

void WorkListBuilder::add(const PlannedLayer& layer) {
  layer_start_ = next_item();
  streamed_ = streamed_room(layer.blocking, layer.sizes);
  incoming_.clear();
  incoming_room_ = Bytes(0);
  spilled_by_.clear();
  kept_loaded_ = 0;
  const std::vector<Piece> pieces = pieces_of(layer.blocking, layer.shape);
  const std::vector<std::uint32_t> weight_users = last_users_of_weights(pieces);
  const std::vector<std::uint32_t> input_users = last_users_of_input(pieces);
  const auto pass_starts = pass_starts_of(layer.costs);
  std::uint32_t weight_loads = 0;
  for (const Piece& piece : pieces) {
    if (!weights_are_on_chip_ && piece.weights.number == weight_loads) {
      ++weight_loads;
      load_weights(layer, piece, layer_start_ + weight_users[piece.weights.number]);
    }
    load_input(layer, piece, input_after(piece, input_users));
    add_item(layer, piece, work_of(layer, piece, pass_starts));
  }
  ++list_.layers;
}

// A piece computes for its part of the pass's cycles. The bytes that the block reads on chip are spread
// evenly over the block's cycles.
Work WorkListBuilder::work_of(const PlannedLayer& layer, const Piece& piece,
                              const std::vector<std::vector<std::uint64_t>>& pass_starts) const {
  const arch::Cost& cost = layer.costs[piece.block];
  const CycleRange cycles =
      cycles_of(piece, layer.blocking, layer.shape, cost.passes[piece.pass_in_block].count());
  const std::uint64_t start = pass_starts[piece.block][piece.pass_in_block];
  const Parts of_block{start + cycles.begin, start + cycles.end,
                       std::max<std::uint64_t>(1, cost.compute.count())};
  return {.layer = list_.layers,
          .compute = Cycles(cycles.end - cycles.begin),
          .weight_read = share(bytes_holding(cost.weight_read), of_block),
          .activation_read = share(bytes_holding(cost.activation_read), of_block),
          .output_written = Bytes(0),
          .output_bursts = piece.sets.count(),
          .reduced_before = layer_start_ > sample_start_ ? layer_start_ : 0,
          .stores_before = 0};
}

void WorkListBuilder::load_weights(const PlannedLayer& layer, const Piece& piece, std::uint32_t last_item) {
  const std::uint32_t item = next_item();
  const Bytes room = weights_of(layer.shape, piece, layer.sizes.weights_room).bytes;
  std::uint32_t after = weights_.take({room, last_item, list_.layers, piece.weights.block});
  if (layer.weights_are_run_time) after = std::max(after, layer_start_);
  list_.weight_rooms.push_back({item, last_item, room});
  const auto load = [&](Traffic traffic, Bytes all, std::uint64_t address, std::uint64_t groups) {
    const Run run = weights_of(layer.shape, piece, all);
    queue_.load({item, after, traffic, false, address + run.offset, run.bytes,
                 codec_cycles(groups, run.bytes, all, codec_.decoder)},
                layer.weights_are_run_time);
  };
  load(Traffic::weights, layer.sizes.weights, layer.addresses.weights, layer.groups.weights);
  load(Traffic::metadata, layer.sizes.metadata, layer.addresses.metadata, 0);
}

// How many items must be computed before a piece's input is loaded: those of the block that has to make room.
std::uint32_t WorkListBuilder::input_after(const Piece& piece,
                                           const std::vector<std::uint32_t>& users) const {
  const std::uint32_t held = activation_memory_.is_double_buffered ? 2 : 1;
  if (piece.input.block < held) return layer_start_;
  return layer_start_ + users[piece.input.block - held] + 1;
}

void WorkListBuilder::load_input(const PlannedLayer& layer, const Piece& piece, std::uint32_t after) {
  const auto load = [&](Bytes line_group, std::uint64_t line_groups, const Parts& part,
                        std::uint64_t address) {
    const Bytes bytes = share(line_group, part) * line_groups;
    const LayerBytes all = compulsory_bytes(layer.shape, layer.sizes);
    queue_.load({next_item(), after, Traffic::input_activations, false, address, bytes,
                 codec_cycles(layer.groups.input, bytes, all.input, codec_.decoder)},
                layer.input_is_made);
  };
  const Bytes line_group = layer.sizes.line_group;
  load(line_group, piece.input.line_groups, bricks_of(layer.shape, piece),
       layer.addresses.input + (line_group * (piece.input.first_line * layer.shape.groups())).count());
  const Bytes kept = layer.sizes.kept_line_group;
  load(kept, piece.input.kept_line_groups, {}, layer.addresses.kept_input + (kept * kept_loaded_).count());
  kept_loaded_ += piece.input.kept_line_groups;
}

std::uint32_t WorkListBuilder::streamed_after(Bytes room) {
  const std::uint32_t item = next_item();
  std::uint32_t after = layer_start_;
  if (!activation_memory_.is_double_buffered) after = std::max(after, item);
  while (!incoming_.empty() && incoming_room_ + room > streamed_.in) {
    after = std::max(after, incoming_.front().number + 1);
    incoming_room_ -= incoming_.front().room;
    incoming_.pop_front();
  }
  if (room > Bytes(0)) incoming_.push_back({item, room});
  incoming_room_ += room;
  incoming_after_ = std::max({incoming_after_, after, layer_start_});
  return incoming_after_;
}

std::uint32_t WorkListBuilder::stores_before(Bytes room) {
  const Bytes most = activation_memory_.is_double_buffered ? streamed_.out : room;
  while (!outgoing_.empty() && outgoing_room_ + room > most) {
    stores_waited_for_ = outgoing_.front().number + 1;
    outgoing_room_ -= outgoing_.front().room;
    outgoing_.pop_front();
  }
  return stores_waited_for_;
}

// A piece that continues a reduction loads its partial sums the way it loads activations. They stay in the
// array where the piece before worked on the same window set.
void WorkListBuilder::load_streamed(const PlannedLayer& layer, const Piece& piece, Work& work) {
  const std::uint32_t item = next_item();
  const bool is_final = piece.bricks.end == layer.shape.bricks();
  const bool continues = piece.bricks.begin > 0 && !piece.takes_sums_over;
  const bool reads_back = continues && layer.blocking.sums_are_spilled;
  const Run sums = outputs_of(layer.shape, piece, layer.sizes.partial_sums);
  const Run extra = is_final ? outputs_of(layer.shape, piece, layer.sizes.extra) : Run{};
  Bytes room = is_final ? outputs_of(layer.shape, piece, layer.sizes.extra_room).bytes : Bytes(0);
  if (reads_back) room += sums.bytes;
  std::uint32_t after = room > Bytes(0) ? streamed_after(room) : layer_start_;
  if (reads_back) {
    incoming_after_ = after = std::max(after, spilled_by_.at({piece.pass, piece.sets.begin}) + 1);
    queue_.load({item, after, Traffic::partial_sums, false, layer.addresses.partial_sums + sums.offset,
                 sums.bytes, Cycles(0)},
                true);
  }
  queue_.load({item, after, Traffic::input_activations, false, layer.addresses.extra + extra.offset,
               extra.bytes, codec_cycles(layer.groups.extra, extra.bytes, layer.sizes.extra, codec_.decoder)},
              true);
  if (continues) work.sums_read = sums.bytes;
  work.activation_read += work.sums_read;
}

// A piece leaves its outputs or, where its reduction goes on, its partial sums.
void WorkListBuilder::store_streamed(const PlannedLayer& layer, const Piece& piece, Work& work) {
  const std::uint32_t item = next_item();
  const bool is_final = piece.bricks.end == layer.shape.bricks();
  const bool leaves_sums = !is_final && !piece.hands_sums_over;
  const Run sums = outputs_of(layer.shape, piece, layer.sizes.partial_sums);
  const Run output = outputs_of(layer.shape, piece, layer.sizes.output);
  Transfer store{item,
                 item + 1,
                 Traffic::output_activations,
                 true,
                 layer.addresses.output + output.offset,
                 output.bytes,
                 codec_cycles(layer.groups.output, output.bytes, layer.sizes.output, codec_.encoder)};
  Bytes room = outputs_of(layer.shape, piece, layer.sizes.output_room).bytes;
  if (leaves_sums && layer.blocking.sums_are_spilled) {
    store = {item,       item + 1, Traffic::partial_sums, true, layer.addresses.partial_sums + sums.offset,
             sums.bytes, Cycles(0)};
    room = sums.bytes;
    spilled_by_[{piece.pass, piece.sets.begin}] = item;
  } else if (!is_final) {
    store.bytes = Bytes(0);
  }
  const std::uint32_t stores = queue_.stores();
  queue_.store(store);
  if (queue_.stores() > stores) {
    work.stores_before = stores_before(room);
    outgoing_.push_back({stores, room});
    outgoing_room_ += room;
  }
  if (leaves_sums) work.sums_written = sums.bytes;
  work.output_written += work.sums_written;
  if (is_final) work.output_written += outputs_of(layer.shape, piece, layer.output_written).bytes;
}

void WorkListBuilder::add_item(const PlannedLayer& layer, const Piece& piece, Work work) {
  load_streamed(layer, piece, work);
  store_streamed(layer, piece, work);
  list_.items.push_back(work);
}

void WorkListBuilder::end_sample(bool weights_stay) {
  HEDDLE_CHECK(list_.layers > 0, "a sample without layers");
  list_.items.push_back({.layer = list_.layers - 1,
                         .compute = Cycles(0),
                         .weight_read = Bytes(0),
                         .activation_read = Bytes(0),
                         .output_written = Bytes(0),
                         .stores_before = queue_.stores()});
  queue_.end_sample(std::span(list_.items).subspan(sample_start_));
  sample_start_ = next_item();
  weights_.clear(sample_start_);
  weights_are_on_chip_ = weights_stay;
  outgoing_.clear();
  outgoing_room_ = Bytes(0);
}

WorkList WorkListBuilder::finish() {
  list_.transfers = queue_.finish();
  return std::move(list_);
}

}  // namespace heddle::memory
