// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/memory/layer_shape.h"
#include "sim/memory/on_chip_memory.h"

namespace heddle::memory {

// Which loop over a layer's blocks is outermost (docs/memory.md#blocking). `whole` is the unblocked order
// (docs/rules.md#step-order); the `sums` orders cut the channels, for layers of which not even one pass's
// weights fit.
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

// Sizes of the tensors of a layer that lie off chip. A `room` is what a tensor takes on chip; the others are
// the bytes that move over the off-chip interface.
struct LayerSizes {
  Bytes pass_weights_room;  // of the largest pass, metadata included
  Bytes weights_room;       // of all passes, metadata included
  Bytes weights;            // 0 where the right operand stays on chip
  Bytes metadata;
  Bytes line_group;  // one line of one group of the input; 0 where the input stays on chip
  Bytes line_group_room;
  Bytes extra;
  Bytes extra_room;
  Bytes output;
  Bytes output_room;
  Bytes partial_sums;  // of all outputs, at accumulator width
  Bytes partial_sums_room;
};

struct Blocking {
  LoopOrder order = LoopOrder::whole;
  std::uint32_t filter_blocks = 1;
  std::uint32_t window_blocks = 1;
  std::uint32_t slices = 1;      // of the reduction
  bool all_weights_fit = false;  // windows_filters: weights are loaded once
  LayerBytes bytes = {};
  Bytes activation_room = {};
  Bytes weight_room = {};
};

struct BlockingChoice {
  std::optional<Blocking> best;
  std::vector<std::optional<Blocking>> by_order;  // the best of each order; none where nothing fits
  Bytes least_activation_room = kUnlimited;       // of every blocking that was tried
  Bytes least_weight_room = kUnlimited;
};

// The blocking that moves the fewest off-chip bytes within `activation_room` and the weight memory; among
// equals the earliest order and the fewest blocks. `all_orders` also finds the best of each order, for the
// report; otherwise the search ends as soon as nothing can be better.
BlockingChoice choose_blocking(const LayerShape& shape, const LayerSizes& sizes, Bytes activation_room,
                               const OnChipMemory& activation_memory, const OnChipMemory& weight_memory,
                               bool all_orders);

}  // namespace heddle::memory
