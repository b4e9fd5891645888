// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/estimate.h"

#include <algorithm>
#include <deque>

#include "sim/memory/pieces.h"
#include "sim/memory/transfer_queue.h"

namespace heddle::memory {
namespace {

// Draining the array at the end of a block costs the time in which some columns wait for the slowest: this
// part of the time of a window set. Our estimate.
constexpr std::uint64_t kDrainedPart = 16;
std::uint64_t bus_cycles(const Pace& pace, Bytes bytes) {
  return pace.bytes_per_1024_cycles == 0 ? 0 : proportion(1024, bytes.count(), pace.bytes_per_1024_cycles);
}

std::uint64_t drain_cycles(const Blocking& b, const LayerShape& shape, const Pace& pace) {
  const std::uint64_t sets = std::uint64_t{shape.passes()} * shape.window_sets();
  return pace.compute_cycles / sets / kDrainedPart * (std::uint64_t{shape.passes()} * (b.window_blocks - 1));
}

// Bytes per window set of a pass, on average, rounded up.
std::uint64_t per_set(Bytes all, const LayerShape& shape) {
  const std::uint64_t windows =
      proportion(all.count(), shape.largest_set_windows(), shape.windows(), Rounding::up);
  return proportion(windows, shape.largest_pass_filters(), shape.filters(), Rounding::up);
}

// Simulates the pieces: a bus that takes transfers in a fixed order, and an array.
class Simulation {
 public:
  Simulation(const Blocking& b, const LayerShape& shape, const LayerSizes& sizes, const Room& room,
             const Pace& pace)
      : b_(b),
        shape_(shape),
        sizes_(sizes),
        pace_(pace),
        input_held_(room.activation_memory.is_double_buffered ? 2 : 1),
        weights_held_(room.weight_memory.is_double_buffered ? 2 : 1),
        pieces_(pieces_of(b, shape)),
        input_users_(last_users_of_input(pieces_)),
        most_outgoing_(streamed_room(b, sizes).out) {
    for (const Piece& p : pieces_) {
      if (p.weights.block >= weight_users_.size()) weight_users_.resize(p.weights.block + 1);
      weight_users_[p.weights.block] = static_cast<std::uint32_t>(&p - pieces_.data());
    }
  }

  // As the DMA's queue: loads join it a little before the piece that needs them, each store when its piece
  // has ended, and at the same time weights first, then stores, then activations.
  std::uint64_t run() {
    const auto n = static_cast<std::uint32_t>(pieces_.size());
    place_loads();
    arrived_.assign(n, 0);
    ended_.reserve(n);
    std::uint32_t loaded = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      std::uint32_t end = loaded;
      while (end < n && position_[end] <= i) ++end;
      for (std::uint32_t k = loaded; k < end; ++k) transfer(i, k, weights_[k]);
      if (i > 0) store(i - 1);
      for (; loaded < end; ++loaded) transfer(i, loaded, activations_[loaded]);
      const std::uint64_t before = i > 0 ? ended_.back() : 0;
      const std::uint64_t has_room = room_for(stored_room(pieces_[i]));
      ended_.push_back(std::max({before, arrived_[i], has_room}) + compute(pieces_[i]));
    }
    store(n - 1);
    return std::max(bus_, ended_.back()) + drain_cycles(b_, shape_, pace_);
  }

 private:
  // The piece that must have ended before a piece's loads have room, plus one.
  [[nodiscard]] std::uint32_t after(const Piece& p) const {
    std::uint32_t out = 0;
    if (p.input.block >= input_held_) out = input_users_[p.input.block - input_held_] + 1;
    if (p.weights.block >= weights_held_)
      out = std::max(out, weight_users_[p.weights.block - weights_held_] + 1);
    return out;
  }

  void place_loads() {
    const auto n = static_cast<std::uint32_t>(pieces_.size());
    std::uint32_t first = 0;  // of the pieces whose loads are few bytes together
    Bytes recent(0);
    for (std::uint32_t i = 0; i < n; ++i) {
      weights_.push_back(weights_of(pieces_[i]));
      activations_.push_back(activations_of(pieces_[i]));
      recent += weights_[i] + activations_[i];
      while (first <= i && recent > Bytes(kBytesAhead)) {
        recent -= weights_[first] + activations_[first];
        ++first;
      }
      const std::uint32_t early = std::min(first, i > kQueueAhead ? i - kQueueAhead : 0);
      position_.push_back(std::max({after(pieces_[i]), early, i > 0 ? position_.back() : 0}));
    }
  }

  void transfer(std::uint32_t position, std::uint32_t item, Bytes bytes) {
    if (bytes == Bytes(0)) return;
    bus_ = std::max(bus_, position > 0 ? ended_[position - 1] : 0) + bus_cycles(pace_, bytes);
    arrived_[item] = bus_;
  }
  void store(std::uint32_t item) {
    const Bytes room = stored_room(pieces_[item]);
    if (room == Bytes(0)) return;
    bus_ = std::max(bus_, ended_[item]) + bus_cycles(pace_, stored(pieces_[item]));
    outgoing_.push_back({bus_, room});
  }

  Bytes weights_of(const Piece& p) {
    if (p.weights.number != next_weights_) return Bytes(0);
    ++next_weights_;
    return proportion_up(of_pass(sizes_.weights + sizes_.metadata, p), p.bricks.count(), shape_.bricks());
  }
  [[nodiscard]] Bytes activations_of(const Piece& p) const {
    Bytes bytes = sizes_.line_group * p.input.line_groups;
    if (p.bricks.count() < shape_.bricks()) bytes = proportion_up(bytes, p.bricks.count(), shape_.bricks());
    bytes += sizes_.kept_line_group * p.input.kept_line_groups;
    if (b_.sums_are_spilled && p.bricks.begin > 0 && !p.takes_sums_over)
      bytes += of_windows(sizes_.partial_sums, p);
    if (p.bricks.end == shape_.bricks()) bytes += of_windows(sizes_.extra, p);
    return bytes;
  }
  [[nodiscard]] Bytes stored(const Piece& p) const {
    if (p.bricks.end == shape_.bricks()) return of_windows(sizes_.output, p);
    return b_.sums_are_spilled && !p.hands_sums_over ? of_windows(sizes_.partial_sums, p) : Bytes(0);
  }
  [[nodiscard]] Bytes stored_room(const Piece& p) const {
    return p.bricks.end == shape_.bricks() ? of_windows(sizes_.output_room, p) : stored(p);
  }
  // When enough earlier outputs are off chip.
  std::uint64_t room_for(Bytes room) {
    std::uint64_t at = 0;
    outgoing_room_ += room;
    while (!outgoing_.empty() && outgoing_room_ > most_outgoing_) {
      at = outgoing_.front().stored;
      outgoing_room_ -= outgoing_.front().room;
      outgoing_.pop_front();
    }
    return at;
  }
  [[nodiscard]] Bytes of_pass(Bytes all, const Piece& p) const {
    return proportion_up(all, shape_.pass(p.pass).filters, shape_.filters());
  }
  [[nodiscard]] Bytes of_windows(Bytes all, const Piece& p) const {
    return proportion_up(of_pass(all, p), shape_.windows(p.sets), shape_.windows());
  }
  [[nodiscard]] std::uint64_t compute(const Piece& p) const {
    const Range block = window_block(b_, shape_, b_.window_blocks == 1 ? 0 : p.sets.begin / b_.block_sets);
    const std::uint64_t pass = proportion(pace_.compute_cycles, block.count(),
                                          std::uint64_t{shape_.passes()} * shape_.window_sets());
    const CycleRange range = cycles_of(p, b_, shape_, pass);
    return range.end - range.begin;
  }

  struct Outgoing {
    std::uint64_t stored = 0;  // cycle
    Bytes room;
  };

  const Blocking& b_;
  const LayerShape& shape_;
  const LayerSizes& sizes_;
  const Pace& pace_;
  std::uint32_t input_held_;
  std::uint32_t weights_held_;
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> input_users_;   // last piece, by block
  std::vector<std::uint32_t> weight_users_;  // last piece, by block
  std::vector<Bytes> weights_;               // that are loaded for a piece
  std::vector<Bytes> activations_;           // the same
  std::vector<std::uint32_t> position_;      // so many pieces have ended when its loads join the queue
  std::vector<std::uint64_t> arrived_;
  std::vector<std::uint64_t> ended_;
  std::deque<Outgoing> outgoing_;
  Bytes outgoing_room_;
  Bytes most_outgoing_;
  std::uint64_t bus_ = 0;
  std::uint32_t next_weights_ = 0;
};

}  // namespace

StreamedRoom streamed_room(const Blocking& b, const LayerSizes& sizes) {
  if (b.streamed_room == kUnlimited) return {kUnlimited, kUnlimited};
  if (b.sums_are_spilled) {
    const Bytes half(b.streamed_room.count() / 2);
    return {half, b.streamed_room - half};
  }
  const Bytes all = sizes.extra_room + sizes.output_room;
  if (all == Bytes(0)) return {};
  const Bytes in(proportion(b.streamed_room.count(), sizes.extra_room.count(), all.count()));
  return {in, b.streamed_room - in};
}

void take_free_room(Blocking& b, const LayerShape& shape, const LayerSizes& sizes, const Room& room) {
  const Bytes held = b.activation_room - b.streamed_room;
  const Bytes sums = b.sums_are_spilled ? sizes.partial_sums_room : Bytes(0);
  const Bytes most = sizes.output_room + sizes.extra_room + sums + sums;
  if (room.activations == kUnlimited || room.activations - held > most)
    b.streamed_room = std::max(b.streamed_room, most);
  else
    b.streamed_room = room.activations - held;
  b.activation_room = held + b.streamed_room;

  const std::uint64_t passes = std::uint64_t{shape.passes()} * b.window_blocks * b.slices;
  b.cuts = static_cast<std::uint32_t>(ceil_div(kPieces, passes));
  const StreamedRoom streamed = streamed_room(b, sizes);
  const std::uint64_t pieces_held = room.activation_memory.is_double_buffered ? 2 : 1;
  const std::uint32_t block = b.window_blocks == 1 ? shape.window_sets() : b.block_sets;
  const auto cuts_for = [&](Bytes in, Bytes all) {
    if (all == Bytes(0)) return std::uint64_t{1};
    const std::uint64_t sets = in.count() / pieces_held / std::max<std::uint64_t>(1, per_set(all, shape));
    return ceil_div(block, std::max<std::uint64_t>(1, sets));
  };
  const std::uint64_t for_outputs =
      std::max(cuts_for(streamed.in, sizes.extra_room), cuts_for(streamed.out, sizes.output_room));
  const std::uint64_t for_sums = std::max(cuts_for(streamed.in, sums), cuts_for(streamed.out, sums));
  b.cuts = static_cast<std::uint32_t>(std::max<std::uint64_t>(b.cuts, for_sums));
  b.final_cuts = static_cast<std::uint32_t>(std::max<std::uint64_t>(b.cuts, for_outputs));
  if (b.sums_are_spilled) b.cuts = b.final_cuts;
}

std::uint64_t rough_cycles(const Blocking& b, const LayerShape& shape, const Pace& pace) {
  const std::uint64_t compute = pace.compute_cycles;
  const std::uint64_t stretches = std::uint64_t{shape.passes()} * b.slices;
  const std::uint64_t first = bus_cycles(pace, b.bytes.weights) / stretches +
                              bus_cycles(pace, b.bytes.input) / (std::uint64_t{b.window_blocks} * b.slices);
  const bool reloads = b.bytes.weights > Bytes(0) && b.weights_depth > 0;
  const std::uint64_t last = compute / (stretches * (reloads ? b.window_blocks : 1));
  const std::uint64_t bus = bus_cycles(pace, b.bytes.total());
  return std::max(compute + first, bus + last) + drain_cycles(b, shape, pace);
}

std::uint64_t estimated_cycles(const Blocking& blocking, const LayerShape& shape, const LayerSizes& sizes,
                               const Room& room, const Pace& pace) {
  return Simulation(blocking, shape, sizes, room, pace).run();
}

}  // namespace heddle::memory
