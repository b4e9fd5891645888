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
  const std::vector<Piece> pieces = pieces_of(layer.blocking, layer.shape);
  const std::vector<LoadUsers> weight_users = weight_load_users(pieces);
  const std::vector<LoadUsers> input_users = input_load_users(pieces);
  const auto pass_starts = pass_starts_of(layer.costs);
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const LoadUsers& weights = weight_users[piece.weights.number];
    if (weights.first == i) load_weights(layer, piece, layer_start_ + weights.last);
    if (input_users[piece.input.number].first == i)
      load_input(layer, piece, input_after(layer, piece, input_users));
    add_item(layer, piece, work_of(layer, piece, pass_starts));
  }
  ++list_.layers;
}

// A piece computes for its part of the pass's cycles. The bytes that the block reads on chip are spread
// evenly over the block's cycles.
Work WorkListBuilder::work_of(const PlannedLayer& layer, const Piece& piece,
                              const std::vector<std::vector<std::uint64_t>>& pass_starts) const {
  const arch::Cost& cost = layer.costs[piece.block];
  const Parts parts = parts_of_pass(piece, layer.blocking, layer.shape);
  const std::uint64_t pass = cost.passes[piece.pass_in_block].count();
  const std::uint64_t begin = proportion(pass, parts.begin, parts.parts);
  const std::uint64_t end = proportion(pass, parts.end, parts.parts);
  const std::uint64_t start = pass_starts[piece.block][piece.pass_in_block];
  const Parts of_block{start + begin, start + end, std::max<std::uint64_t>(1, cost.compute.count())};
  return {.layer = list_.layers,
          .compute = Cycles(end - begin),
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

// How many items must be computed before a piece's input is loaded. Where the memory does not hold all of the
// input, a load takes the place of an earlier one.
std::uint32_t WorkListBuilder::input_after(const PlannedLayer& layer, const Piece& piece,
                                           const std::vector<LoadUsers>& users) const {
  const LoopOrder order = layer.blocking.order;
  const bool holds_all = order == LoopOrder::whole || order == LoopOrder::sums_kept;
  const std::uint32_t held = activation_memory_.is_double_buffered ? 2 : 1;
  if (holds_all || piece.input.number < held) return layer_start_;
  return layer_start_ + users[piece.input.number - held].last + 1;
}

void WorkListBuilder::load_input(const PlannedLayer& layer, const Piece& piece, std::uint32_t after) {
  const Bytes line_group = layer.sizes.line_group;
  const Bytes bytes =
      share(line_group * (piece.input.lines.count * piece.input.groups), bricks_of(layer.shape, piece));
  const std::uint64_t address =
      layer.addresses.input + (line_group * (piece.input.lines.first * layer.shape.groups())).count();
  queue_.load(
      {next_item(), after, Traffic::input_activations, false, address, bytes,
       codec_cycles(layer.groups.input, bytes, line_group * layer.shape.used_line_groups(), codec_.decoder)},
      layer.input_is_made);
}

std::uint32_t WorkListBuilder::streamed_after() const {
  const std::uint32_t item = next_item();
  return std::max(activation_memory_.is_double_buffered && item > 0 ? item - 1 : item, layer_start_);
}

// A piece that continues a reduction loads its partial sums the way it loads activations, and leaves them the
// way it leaves outputs. They stay in the array where the next piece works on the same window set.
void WorkListBuilder::move_sums(const PlannedLayer& layer, const Piece& piece, Work& work) {
  const std::uint32_t item = next_item();
  const Run sums = outputs_of(layer.shape, piece, layer.sizes.partial_sums);
  const std::uint64_t address = layer.addresses.partial_sums + sums.offset;
  const bool continues = piece.bricks.begin > 0;
  const bool is_final = piece.bricks.end == layer.shape.bricks();
  const bool are_spilled = layer.blocking.order == LoopOrder::sums_spilled;
  const bool leave_array = are_spilled || piece.sets.count() > 1;
  if (continues && are_spilled) {
    queue_.load({item, streamed_after(), Traffic::partial_sums, false, address, sums.bytes, Cycles(0)}, true);
  }
  if (!is_final && are_spilled)
    queue_.store({item, item + 1, Traffic::partial_sums, true, address, sums.bytes, Cycles(0)});
  if (continues && leave_array) work.sums_read = sums.bytes;
  if (!is_final && leave_array) work.sums_written = sums.bytes;
  work.activation_read += work.sums_read;
  work.output_written += work.sums_written;
}

void WorkListBuilder::write_outputs(const PlannedLayer& layer, const Piece& piece, Work& work) {
  const std::uint32_t item = next_item();
  const Run extra = outputs_of(layer.shape, piece, layer.sizes.extra);
  queue_.load(
      {item, streamed_after(), Traffic::input_activations, false, layer.addresses.extra + extra.offset,
       extra.bytes, codec_cycles(layer.groups.extra, extra.bytes, layer.sizes.extra, codec_.decoder)},
      true);
  const Run output = outputs_of(layer.shape, piece, layer.sizes.output);
  queue_.store({item, item + 1, Traffic::output_activations, true, layer.addresses.output + output.offset,
                output.bytes,
                codec_cycles(layer.groups.output, output.bytes, layer.sizes.output, codec_.encoder)});
  work.output_written += outputs_of(layer.shape, piece, layer.output_written).bytes;
}

void WorkListBuilder::add_item(const PlannedLayer& layer, const Piece& piece, Work work) {
  const std::uint32_t stores = queue_.stores();
  move_sums(layer, piece, work);
  if (piece.bricks.end == layer.shape.bricks()) write_outputs(layer, piece, work);
  // A double-buffered memory has room for the outputs of two pieces: the last stores may still be under way.
  const std::uint32_t under_way = activation_memory_.is_double_buffered && stores > 0 ? 1 : 0;
  if (queue_.stores() > stores) work.stores_before = stores - under_way;
  list_.items.push_back(work);
}

void WorkListBuilder::end_sample() {
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
}

WorkList WorkListBuilder::finish() {
  list_.transfers = queue_.finish();
  return std::move(list_);
}

}  // namespace heddle::memory
