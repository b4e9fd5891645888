// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/base/parallel.h"

namespace heddle::pricing {

// Activation bricks of a layer's windows without a division per brick: brick_index(window, step) is
// base(window) + offset(step), because the image is stored row by row.
class WindowBricks {
 public:
  explicit WindowBricks(const arch::LayerInput& input);
  // Of all windows of a set.
  [[nodiscard]] std::vector<std::size_t> bases(std::uint32_t group, const arch::WindowSet& set) const;
  [[nodiscard]] std::size_t offset(std::uint32_t step) const { return offsets_[step]; }

 private:
  const arch::LayerInput& input_;
  std::vector<std::size_t> offsets_;
};

// The cycles of each step of a layer for each unit of columns, in designs where activations alone determine
// them (DPRed, Pragmatic). A unit is `columns_per_unit` neighbouring columns whose activations share one
// detector. Made once per layer, read by every block; one byte per unit, step, window set and channel group.
class ColumnSteps {
 public:
  ColumnSteps(const arch::LayerInput& input, std::uint32_t columns_per_unit);

  [[nodiscard]] std::uint32_t units() const { return units_; }
  [[nodiscard]] std::uint32_t columns_per_unit() const { return columns_per_unit_; }
  [[nodiscard]] std::size_t runs() const {
    return groups_ * sets_;
  }  // run = group * window sets + window set
  // Cycles of a step, one per unit; 0 where the unit has no window.
  [[nodiscard]] std::span<const std::uint8_t> step(std::uint32_t group, std::uint32_t set,
                                                   std::uint32_t step) const {
    return std::span(cycles_).subspan(((std::size_t{group} * sets_ + set) * steps_ + step) * units_, units_);
  }
  [[nodiscard]] std::span<std::uint8_t> run(std::size_t index) {
    return std::span(cycles_).subspan(index * steps_ * units_, std::size_t{steps_} * units_);
  }

 private:
  std::size_t groups_;
  std::size_t sets_;
  std::uint32_t steps_;
  std::uint32_t columns_per_unit_;
  std::uint32_t units_;
  std::vector<std::uint8_t> cycles_;
};

// Fills a table. cycles_of(bases, offset) -> 1..255: the cycles of the unit whose windows read the bricks
// base + offset. Pure: it is called from several threads.
template <class CyclesOf>
ColumnSteps column_steps(const arch::LayerInput& input, std::uint32_t columns_per_unit,
                         const CyclesOf& cycles_of) {
  ColumnSteps out(input, columns_per_unit);
  const WindowBricks windows(input);
  const std::size_t sets = input.mapping.window_sets.size();
  parallel_for(out.runs(), [&](std::size_t run) {
    const auto bases =
        windows.bases(static_cast<std::uint32_t>(run / sets), input.mapping.window_sets[run % sets]);
    const auto cycles = out.run(run);
    for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
      std::uint8_t* to = cycles.data() + std::size_t{step} * out.units();
      for (std::size_t first = 0; first < bases.size(); first += columns_per_unit) {
        const std::size_t count = std::min<std::size_t>(columns_per_unit, bases.size() - first);
        *to++ = static_cast<std::uint8_t>(
            cycles_of(std::span(bases).subspan(first, count), windows.offset(step)));
      }
    }
  });
  return out;
}

// The sum of `per_brick` over the windows and steps of each [group][window set].
std::vector<std::uint64_t> window_set_sums(const arch::LayerInput& input,
                                           std::span<const std::uint16_t> per_brick);

// What the units of a block did: the steps they took part in and the cycles they worked.
struct UnitTally {
  std::uint64_t steps = 0;
  std::uint64_t cycles = 0;
};

// Compute cycles, passes, lane budget and reads of a block. In convolutions the units of all tiles run as
// `registers` weight-set registers let them (RunAhead::kUnlimited: no limit; docs/rules.md#run-ahead);
// tiles of a pass that work on different channel groups have units of their own. The bricks of a fully
// connected layer take turns on the columns.
arch::Cost price_columns(const arch::LayerInput& input, const arch::Block& block, const ColumnSteps& steps,
                         std::uint32_t registers, unsigned container_bits, UnitTally& tally);

}  // namespace heddle::pricing
