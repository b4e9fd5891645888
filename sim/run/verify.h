// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/arch/accelerator_config.h"
#include "sim/hw/bit_true/array.h"
#include "sim/result/record.h"
#include "sim/trace/trace.h"

namespace heddle::run {

// How much of each layer a bit-true run computes: 1 is everything. A smaller fraction is a seeded sample of
// window sets and passes with about that share of the work, at least one of each.
struct VerifyOptions {
  double fraction = 1.0;
  std::uint64_t seed = 0;
  std::function<void(std::size_t done, std::size_t all, const std::string& name)> progress;
};

arch::Block sample_block(const arch::Mapping& mapping, double fraction, std::uint64_t seed,
                         const std::string& name);

// What one bit-true block proved.
struct BlockProof {
  Cycles cycles;
  std::uint64_t outputs = 0;
};

// Runs the block through the array and compares: every output with integer arithmetic, cycles with the
// counting path. A disagreement is Error(internal): a wrong output names layer, filter, window, step and
// lane, wrong cycles name layer, pass, window set and both counts (sim/run/locate_fault.h). `reference` gives
// the exact accumulator of a filter and a row-major window.
using Reference = std::function<std::int64_t(std::uint32_t filter, std::uint64_t window)>;
BlockProof prove_block(hw::BitTrueArray& array, const arch::Accelerator& accelerator,
                       const arch::LayerInput& input, const arch::Block& block, const Reference& reference);

// Throws Error(workload) when the trace has no samples, so that there are no values to compute.
void check_verifiable(const trace::Trace& trace);

// Verifies every array layer of every sample of the trace, and the trace's expected accumulators
// (Error(check) where integer arithmetic and the trace disagree). Returns what was verified.
result::VerificationRecord verify_network(hw::BitTrueArray& array, const arch::AcceleratorConfig& config,
                                          const trace::Trace& trace, const VerifyOptions& options);

}  // namespace heddle::run
