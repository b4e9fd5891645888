// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/result/record.h"

// Identities that hold in every run. Each function throws an Error(internal) that names the identity that
// fails.
namespace heddle::result {

// cycles = compute + stalls by cause; lane-cycles sum to compute x lanes. `array_lanes` is tiles x rows x
// columns x 16.
void check_ledger(const Counters& counters, std::uint64_t array_lanes, const std::string& where);

// Why the bytes that an on-chip memory moved differ from those that the design counted (`on_chip_bytes`).
struct BookTerms {
  // A block moves whole bytes; a layer's count is rounded up once, over all its blocks.
  Bytes weight_rounding;
  Bytes activation_rounding;
  // Partial sums between the array and the activation memory where blocks cut the reduction: planned.
  SumBytes partial_sums;
};

// The on-chip bytes of a layer are kept in two books, `on_chip_bytes` as the design counts them while it
// prices a layer and `memory_accesses` as the engine moved them:
//   weight memory:     array_read    = weights + weight_rounding
//   activation memory: array_read    = input_activations + activation_rounding + partial_sums.read
//                      array_written = output_activations + partial_sums.written
//   input buffer:      written = read = the activation memory's array_read
//   output buffer:     written = read = the activation memory's array_written
//   off chip:          the DMA's bytes = off_chip_bytes, by memory
void check_books(const Counters& counters, const MemoryAccesses& moved, const BookTerms& terms,
                 const std::string& where);

// The bytes that the layers moved, and the DRAM commands for them, sum to what the memories counted.
void check_memory(const Counters& totals, const MemoryRecord& memory);

}  // namespace heddle::result
