// SPDX-License-Identifier: Apache-2.0
#include "sim/result/ledger.h"

#include <string_view>

#include <fmt/format.h>

#include "sim/base/error.h"

namespace heddle::result {

void check_ledger(const Counters& counters, std::uint64_t array_lanes, const std::string& where) {
  const Cycles accounted = counters.compute_cycles + sum_fields(counters.stall_cycles);
  if (accounted != counters.cycles) {
    throw Error(ErrorKind::internal, where,
                fmt::format("the ledger does not close: {} cycles, but compute and stalls give {}",
                            counters.cycles.count(), accounted.count()));
  }
  const LaneCycles lanes = sum_fields(counters.lane_cycles);
  if (lanes.count() != counters.compute_cycles.count() * array_lanes) {
    throw Error(ErrorKind::internal, where,
                fmt::format("lane-cycles sum to {}, but {} compute cycles of {} lanes give {}", lanes.count(),
                            counters.compute_cycles.count(), array_lanes,
                            counters.compute_cycles.count() * array_lanes));
  }
}

namespace {

void same(const std::string& where, std::string_view what, Bytes counted, Bytes moved) {
  if (counted == moved) return;
  throw Error(
      ErrorKind::internal, where,
      fmt::format("{}: {} bytes are accounted for, {} were moved", what, counted.count(), moved.count()));
}

// Compares every field of two structs of the same type.
template <class Struct>
void same_fields(std::string_view what, const Struct& layers, const Struct& memory) {
  for_each_field<Struct>([&](const auto& field) {
    if (layers.*field.member == memory.*field.member) return;
    throw Error(ErrorKind::internal, std::string(what),
                fmt::format("{} of all layers do not sum to what the memory itself counted", field.name));
  });
}

}  // namespace

void check_books(const Counters& counters, const MemoryAccesses& moved, const BookTerms& terms,
                 const std::string& where) {
  const TrafficBytes& counted = counters.on_chip_bytes;
  const TrafficBytes& off_chip = counters.off_chip_bytes;
  const ActivationMemoryBytes& activations = moved.activation_memory;
  same(where, "weight memory, read by the array", counted.weights + terms.weight_rounding,
       moved.weight_memory.array_read);
  same(where, "activation memory, read for the array",
       counted.input_activations + terms.activation_rounding + terms.partial_sums.read,
       activations.array_read);
  same(where, "activation memory, written for the array",
       counted.output_activations + terms.partial_sums.written, activations.array_written);
  same(where, "input buffer, written", activations.array_read, moved.input_buffer.written);
  same(where, "input buffer, read", activations.array_read, moved.input_buffer.read);
  same(where, "output buffer, written", activations.array_written, moved.output_buffer.written);
  same(where, "output buffer, read", activations.array_written, moved.output_buffer.read);
  same(where, "weight memory, written by the DMA", off_chip.weights + off_chip.metadata,
       moved.weight_memory.dma_written);
  same(where, "activation memory, read and written by the DMA",
       off_chip.input_activations + off_chip.output_activations + off_chip.partial_sums,
       activations.dma_read + activations.dma_written);
}

void check_memory(const Counters& totals, const MemoryRecord& memory) {
  const MemoryAccesses moved = totals.memory_accesses.value_or(MemoryAccesses{});
  same_fields("activation memory", moved.activation_memory, memory.activation_memory);
  same_fields("weight memory", moved.weight_memory, memory.weight_memory.moved);
  same_fields("input buffer", moved.input_buffer, memory.input_buffer);
  same_fields("output buffer", moved.output_buffer, memory.output_buffer);
  if (memory.off_chip.dram) {
    same_fields("DRAM commands", totals.dram_commands.value_or(DramCommands{}),
                memory.off_chip.dram->commands);
  }
}

}  // namespace heddle::result
