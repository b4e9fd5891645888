// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/accelerator.h"

namespace heddle::pricing {

// The part of a block that is really there, summed over its passes.
struct Presence {
  std::uint64_t windows = 0;          // of the block's window sets
  std::uint64_t filters = 0;          // of the block's passes
  std::uint64_t filter_channels = 0;  // sum over filters of kernel positions * channels of the lowered layer
  std::uint64_t filter_weights = 0;   // the same without the zeros by which folding extends the kernel
};

Presence presence(const arch::LayerInput& input, const arch::Block& block);

// The lanes of a block's products, each of which takes its lane `cycles` lane-cycles.
arch::LaneBudget working(const Presence& present, std::uint64_t cycles);

// Completes a budget in which all but `edge` is known: what remains of compute x lanes. Asserts that nothing
// was counted twice.
arch::LaneBudget complete(const arch::ArrayShape& array, Cycles compute, arch::LaneBudget counted);

// Bits that a layer's steps read when each window's bricks are fetched once per pass, `bits` per value.
Bits activation_bits(const arch::LayerInput& input, const arch::Block& block, unsigned bits);

// Bits of the block's weights read once per window set, `bits` per value. Depthwise rows read their own lane.
Bits weight_bits(const arch::LayerInput& input, const arch::Block& block, unsigned bits);

// Cuts `total` into parts that differ by at most one, larger parts first. The passes of a fully connected
// layer are interleaved, so each gets an equal share of the cycles.
std::vector<Cycles> split_evenly(Cycles total, std::size_t parts);

}  // namespace heddle::pricing
