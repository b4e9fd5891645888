// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/tactical/tactical.h"
#include "models/tactical/term_image.h"
#include "sim/kernel/width.h"

namespace heddle::models::tactical {

// A brick of activations as width detection sees it: 16 bits per lane, so that a set of lanes is four masks.
struct PackedBrick {
  std::array<std::uint64_t, 4> folded;
  std::array<std::uint64_t, 4> low;
};

// An activation that a slot of a filter row reads.
struct SlotRead {
  std::uint32_t step;
  std::uint32_t lane;
};
using SlotReads = std::vector<SlotRead>;

// A packed filter set. It takes at least one column: a set that emits nothing costs one cycle per window set.
struct PackedSet {
  Schedule schedule;
  std::uint32_t group = 0;
  std::uint32_t filters = 0;
  // Of the first column, for a set that emits nothing: slots with a channel, and those of them in which
  // folding extends the kernel with a zero.
  std::uint32_t present_slots = 0;
  std::uint32_t folding_slots = 0;
  // By emitted column and filter row; only where each row counts by itself.
  std::vector<SlotReads> row_reads;

  [[nodiscard]] std::size_t columns() const { return std::max<std::size_t>(1, schedule.size()); }
};

// Schedules, and the image in the form that the back end's counting reads.
class PreparedTactical final : public arch::Prepared {
 public:
  PreparedTactical(const Tactical& model, const arch::LayerInput& input);

  [[nodiscard]] const PackedSet& set(std::size_t pass, std::size_t tile) const { return sets_[pass][tile]; }
  [[nodiscard]] const std::vector<std::vector<PackedSet>>& sets() const { return sets_; }
  [[nodiscard]] const pricing::WidthDetector& detector() const { return detector_; }

  // Bricks from the window's origin to the one that it reads in a step, and the origin itself.
  [[nodiscard]] std::size_t step_offset(std::uint32_t step) const { return step_offsets_[step]; }
  [[nodiscard]] std::size_t origin(const arch::LayerInput& input, std::uint32_t group,
                                   std::uint64_t window) const;
  // Subwords into which a value is cut, each detected or shifted on its own; more than 1 for narrow units
  // only.
  [[nodiscard]] std::uint32_t subwords() const { return subwords_; }
  // Of one subword; precision back end.
  [[nodiscard]] const PackedBrick* packed(std::uint32_t subword) const {
    return packed_.data() + subword * (packed_.size() / subwords_);
  }
  [[nodiscard]] const TermImage& terms() const { return terms_; }  // terms back end

 private:
  void pack_sets(const Tactical& model, const arch::LayerInput& input);
  void summarize(const Params& params, const arch::LayerInput& input);

  std::vector<std::vector<PackedSet>> sets_;  // [pass][tile]
  pricing::WidthDetector detector_;
  std::uint32_t subwords_ = 1;
  std::vector<std::size_t> step_offsets_;
  std::vector<PackedBrick> packed_;
  TermImage terms_;
};

// Lanes of each column that hold a channel of the filter, [row][step], as masks.
std::vector<std::uint16_t> present_lanes(const arch::LayerInput& input, const arch::FilterSet& set);

}  // namespace heddle::models::tactical
