// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/memory/on_chip_memory.h"

namespace heddle::memory {

// Which loop is outermost when a layer's blocks are worked through. `whole` is the unblocked order
// (docs/rules.md#step-order); the reduction orders cut the channels because not even one pass's weights fit.
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

// Off-chip bytes of a layer by what they carry.
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

inline constexpr std::uint32_t kPieces = 32;

// What is fixed about a layer, whatever stays on chip: how its windows need lines of input, its passes
// weights. A line is a row of the image, or a column where windows run
// down the columns or the output has one row.
class LayerShape {
 public:
  LayerShape(const workload::Layer& layer, const workload::LoweredLayer& lowered,
             const arch::Mapping& mapping);

  struct Lines {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };
  // Lines that the window sets [first, last) read, padding left out.
  [[nodiscard]] Lines lines(std::uint32_t first_set, std::uint32_t last_set) const;
  [[nodiscard]] std::uint64_t line_count() const { return line_count_; }  // of the whole input
  [[nodiscard]] std::uint64_t used_lines() const { return lines(0, window_sets()).count; }
  [[nodiscard]] std::uint32_t groups() const { return groups_; }
  // Groups that the passes [first, last) work on: first and count.
  [[nodiscard]] Lines groups_of(std::uint32_t first_pass, std::uint32_t last_pass) const;
  [[nodiscard]] std::uint32_t passes() const { return static_cast<std::uint32_t>(pass_filters_.size()); }
  [[nodiscard]] std::uint32_t window_sets() const {
    return static_cast<std::uint32_t>(set_windows_.size() - 1);
  }
  [[nodiscard]] std::uint32_t bricks() const { return bricks_; }
  [[nodiscard]] std::uint64_t windows(std::uint32_t first_set, std::uint32_t last_set) const {
    return set_windows_[last_set] - set_windows_[first_set];
  }
  [[nodiscard]] std::uint64_t pass_filters(std::uint32_t pass) const { return pass_filters_[pass]; }
  [[nodiscard]] std::uint64_t filters_before(std::uint32_t pass) const { return filters_before_[pass]; }
  [[nodiscard]] std::uint64_t filters() const { return filters_; }

  // Cut in `window_blocks`: lines of the largest block and of all together (overlaps count twice).
  struct WindowCut {
    std::uint32_t blocks = 1;
    std::uint64_t largest_lines = 0;
    std::uint64_t all_lines = 0;
    std::uint64_t largest_windows = 0;
  };
  struct FilterCut {
    std::uint32_t blocks = 1;
    std::uint32_t largest_passes = 1;
    std::uint64_t largest_groups = 1;
    std::uint64_t all_groups = 1;  // groups loaded by all blocks together
  };
  // Ways to cut that blocking chooses from; they do not depend on any capacity, so a larger memory always
  // has the smaller one's choices.
  [[nodiscard]] const std::vector<WindowCut>& window_cuts() const { return window_cuts_; }
  [[nodiscard]] const std::vector<FilterCut>& filter_cuts() const { return filter_cuts_; }
  [[nodiscard]] const std::vector<std::uint32_t>& slice_counts() const { return slice_counts_; }
  [[nodiscard]] std::uint64_t largest_pass_filters() const;
  // Pieces in which the unblocked order works through one pass, so that loads and stores flow while it
  // computes: runs of window sets, or slices of the reduction where there is but one set. A layer has at
  // least kPieces of them where its shape allows.
  [[nodiscard]] std::uint32_t pieces_a_pass() const;

 private:
  std::uint64_t line_count_ = 1;
  std::uint32_t groups_ = 1;
  std::uint32_t bricks_ = 1;
  std::uint64_t filters_ = 1;
  std::uint64_t windows_a_line_ = 1;
  std::uint32_t stride_ = 1;
  std::uint64_t reach_ = 0;  // lines below the first that a window reads
  std::uint32_t pad_ = 0;
  std::vector<std::uint64_t> set_windows_;  // windows before each set
  std::vector<std::uint64_t> pass_filters_;
  std::vector<std::uint64_t> filters_before_;
  std::vector<Lines> pass_groups_;
  std::vector<WindowCut> window_cuts_;
  std::vector<FilterCut> filter_cuts_;
  std::vector<std::uint32_t> slice_counts_;
};

// Part i of n of a range of `all`: [part_begin(i), part_begin(i + 1)).
constexpr std::uint64_t part_begin(std::uint64_t all, std::uint64_t i, std::uint64_t n) {
  return all / n * i + all % n * i / n;
}

// Sizes of what does not stay on chip by itself. "Room" is what it takes on chip, the others what moves.
struct LayerSizes {
  Bytes pass_weights_room;  // of the largest pass, metadata included
  Bytes weights_room;       // all passes
  Bytes weights;            // off-chip, 0 where the right operand stays on chip
  Bytes metadata;
  Bytes line_group;  // off-chip bytes of one line of one group of the input; 0 when it is on chip
  Bytes line_group_room;
  Bytes extra;
  Bytes extra_room;
  Bytes output;
  Bytes output_room;
  Bytes partial_sums;  // all outputs at accumulator width
  Bytes partial_sums_room;
};

struct Blocking {
  LoopOrder order = LoopOrder::whole;
  std::uint32_t filter_blocks = 1;
  std::uint32_t window_blocks = 1;
  std::uint32_t slices = 1;
  bool all_weights_fit = false;  // windows_filters: weights are loaded once
  LayerBytes bytes;
  Bytes activation_room;
  Bytes weight_room;
};

struct BlockingChoice {
  std::optional<Blocking> best;
  std::vector<std::optional<Blocking>> by_order;  // the best of each order; none where nothing fits
  Bytes least_activation_room = kUnlimited;       // of all that was tried
  Bytes least_weight_room = kUnlimited;
};

// The way through the layer that moves the fewest off-chip bytes within `activation_room` and the weight
// memory; the earliest order and the fewest blocks among equals. `all_orders`: also the best of each order,
// for the report; otherwise the search ends as soon as nothing can be better.
BlockingChoice choose_blocking(const LayerShape& shape, const LayerSizes& sizes, Bytes activation_room,
                               const OnChipMemory& activation_memory, const OnChipMemory& weight_memory,
                               bool all_orders);

}  // namespace heddle::memory
