// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/arch/accelerator.h"

namespace heddle::pricing {

// Fully connected layers where every element takes weights of its own (Tartan, Loom, DPRed's extension):
// the columns of a row hold different outputs. Where outputs are few, an output's inputs are cut into
// `slices`, each on a column of its own, and their partial sums are reduced along the row. Brick
// step * slices + j goes to slice j.
struct Cascade {
  std::uint32_t slices = 1;
  std::uint32_t steps = 1;  // of a pass: ceil(bricks / slices)
};

// The cascade of a group of `filters` outputs. All groups of a layer have the same number of bricks.
Cascade cascade_of(const workload::LoweredLayer& layer, std::uint32_t filters, const arch::ArrayShape& array);

// Outputs that a row holds in a pass: ceil(outputs of the pass / rows of all tiles).
std::uint32_t outputs_per_row(const arch::Pass& pass, const arch::ArrayShape& array);

// Passes of tiles x rows x columns outputs. Output n of a set lies in row n mod rows, where it is number n /
// rows. Groups run one after another.
arch::Mapping map_cascade(const workload::LoweredLayer& layer, const arch::ArrayShape& array);

// Neighbouring passes of a block that work on the same group: columns start and end drained around them.
struct CascadeRun {
  Cascade cascade;
  std::vector<std::uint32_t> passes;
};
std::vector<CascadeRun> cascade_runs(const arch::LayerInput& input, const arch::Block& block);

// The cycles of a step of a pass, and in how many of them a lane with an input works.
struct CascadeStep {
  std::uint32_t cycles = 1;
  std::uint32_t working = 1;
};

struct CascadeTiming {
  std::function<CascadeStep(std::uint32_t pass, std::uint32_t step)> step;
  // Cycles before a run's first step (initial loads, staggered starts) and after its last (reductions).
  std::function<std::uint32_t(std::uint32_t first_pass)> lead;
  std::function<std::uint32_t(const Cascade&)> tail;
};

// Compute cycles, passes and lane budget of a block. Traffic and events are the model's.
arch::Cost price_cascade(const arch::LayerInput& input, const arch::Block& block,
                         const CascadeTiming& timing);

}  // namespace heddle::pricing
