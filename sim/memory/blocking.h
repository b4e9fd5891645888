// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/memory/layer_shape.h"
#include "sim/memory/on_chip_memory.h"

namespace heddle::memory {

// A layer's loops over blocks. Filters are cut between passes, windows between window sets, and channels (of
// the reduction) between bricks.
enum class Loop : std::uint8_t { filters, windows, channels };
inline constexpr std::size_t kLoops = 3;

// Families of loop orders, as results name them (docs/memory.md#blocking). `whole` is the unblocked order
// (docs/rules.md#step-order); the `sums` orders cut the channels.
enum class LoopOrder : std::uint8_t {
  whole,
  filters_windows,
  windows_filters,
  sums_kept,
  sums_kept_input_streamed,
  sums_spilled
};
inline constexpr std::size_t kLoopOrders = 6;
std::string_view name_of(LoopOrder order);

// Off-chip bytes of a layer, by what they carry.
struct LayerBytes {
  Bytes weights;
  Bytes metadata;
  Bytes input;
  Bytes extra;  // second operands
  Bytes partial_sums;
  Bytes output;
  [[nodiscard]] Bytes total() const { return weights + metadata + input + extra + partial_sums + output; }
  friend bool operator==(const LayerBytes&, const LayerBytes&) = default;
};
LayerBytes operator*(const LayerBytes& bytes, std::uint64_t times);
LayerBytes operator+(const LayerBytes& a, const LayerBytes& b);

// Sizes of the tensors of a layer that lie off chip. A `room` is what a tensor takes on chip; the others are
// the bytes that move over the off-chip interface.
struct LayerSizes {
  Bytes weights_room;  // of all passes, metadata included
  Bytes weights;       // 0 where the right operand stays on chip
  Bytes metadata;
  Bytes line_group;  // one line of one group of the input; 0 where the input stays on chip
  Bytes line_group_room;
  // The part of it that this layer brings on chip, where it stays in the room of resident tensors.
  Bytes kept_line_group;
  Bytes extra;
  Bytes extra_room;
  Bytes output;
  Bytes output_room;
  Bytes partial_sums;  // of all outputs, at accumulator width
  Bytes partial_sums_room;
};

// How fast the array and the bus are. It decides between blockings that move the same bytes.
struct Pace {
  std::uint64_t compute_cycles = 0;         // of the layer, estimated from its shape and precision
  std::uint64_t bytes_per_1024_cycles = 0;  // of the off-chip memory; 0: unlimited
};

struct Blocking {
  std::array<Loop, kLoops> loops{Loop::filters, Loop::windows, Loop::channels};  // outermost first
  std::uint32_t filter_blocks = 1;
  std::uint32_t window_blocks = 1;
  std::uint32_t slices = 1;      // of the reduction
  std::uint32_t block_sets = 0;  // window sets of a block, the last of which may be smaller; 0: all
  // A tensor is loaded again in each iteration of so many outer loops. Inside the others it is held.
  std::uint8_t weights_depth = 0;
  std::uint8_t input_depth = 0;
  bool sums_are_spilled = false;
  // Of the blocks of weights that are loaded again for each window block so many, the first, are held.
  std::uint32_t held_weight_blocks = 0;
  // Into how many pieces a pass of a block is cut, without and with outputs.
  std::uint32_t cuts = 1;
  std::uint32_t final_cuts = 1;
  LayerBytes bytes = {};
  Bytes activation_room = {};  // of what the loops hold, and of what passes through
  Bytes streamed_room = {};    // the part of it for outputs, second operands and spilled sums
  Bytes weight_room = {};
  std::uint64_t estimated_cycles = 0;

  [[nodiscard]] std::uint32_t count(Loop loop) const {
    return loop == Loop::filters ? filter_blocks : loop == Loop::windows ? window_blocks : slices;
  }
  [[nodiscard]] LoopOrder order() const;
};
// The loops that have more than one iteration, outermost first, such as "filters 2, channels 4".
std::string describe_loops(const Blocking& blocking);

// What the layers have to share: the capacities that a layer may use, and how they are held.
struct Room {
  Bytes activations = kUnlimited;  // that resident tensors leave
  OnChipMemory activation_memory;
  OnChipMemory weight_memory;
};

struct BlockingChoice {
  std::optional<Blocking> best;
  std::vector<std::optional<Blocking>> by_order;  // the best of each family; none where nothing fits
};

// Less than this of either memory is too little for every blocking.
struct LeastRoom {
  Bytes activations = kUnlimited;
  Bytes weights = kUnlimited;
};
LeastRoom least_room(const LayerShape& shape, const LayerSizes& sizes, const Room& room);

// The fewest off-chip bytes that any blocking within the room moves, or nothing where none fits.
std::optional<LayerBytes> fewest_bytes(const LayerShape& shape, const LayerSizes& sizes, const Room& room);

// A blocking that moves so few; among equals the one with the fewest estimated cycles. Also finds the best of
// each family, for the report.
BlockingChoice choose_blocking(const LayerShape& shape, const LayerSizes& sizes, const Room& room,
                               const Pace& pace);

// What every blocking moves at least: each tensor once.
LayerBytes compulsory_bytes(const LayerShape& shape, const LayerSizes& sizes);

}  // namespace heddle::memory
