// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result/fields.h"

namespace heddle::result {

// Cycles in which the array waits for memory, by what it waits for (docs/rules.md#ledger).
struct StallCycles {
  Cycles weights;
  Cycles activations;
  Cycles partial_sums;
  Cycles outputs;
  static constexpr auto fields() {
    return std::tuple{
        counter("weights", &StallCycles::weights, "cycles", "waiting for weights or their metadata"),
        counter("activations", &StallCycles::activations, "cycles", "waiting for input activations"),
        counter("partial_sums", &StallCycles::partial_sums, "cycles",
                "waiting for partial sums that were spilled off chip")
            .labelled("partial sums"),
        counter("outputs", &StallCycles::outputs, "cycles",
                "waiting for room for outputs, or at the end of a sample for their write-back")};
  }
};

// Bytes by what they carry.
struct TrafficBytes {
  Bytes weights;
  Bytes input_activations;
  Bytes output_activations;
  Bytes partial_sums;
  Bytes metadata;
  static constexpr bool kHasTotal = true;
  static constexpr auto fields() {
    return std::tuple{
        counter("weights", &TrafficBytes::weights, "bytes", "weights, or the right operand of a matmul"),
        counter("input_activations", &TrafficBytes::input_activations, "bytes",
                "input activations and second addends of element-wise layers")
            .labelled("input"),
        counter("output_activations", &TrafficBytes::output_activations, "bytes", "output activations")
            .labelled("output"),
        counter("partial_sums", &TrafficBytes::partial_sums, "bytes",
                "partial sums that are spilled off chip and read back. No design counts partial sums, so "
                "this is 0 in `on_chip_bytes`; all partial sums that pass the activation memory, spilled or "
                "kept, are in `memory_accesses.partial_sums`")
            .labelled("partial sums"),
        counter("metadata", &TrafficBytes::metadata, "bytes", "what a design stores beside the weights")};
  }
};

struct LaneCounts {
  LaneCycles effective;
  LaneCycles folding_zeros;
  LaneCycles synchronisation;
  LaneCycles edge;
  LaneCycles fill;
  static constexpr auto fields() {
    return std::tuple{
        counter("effective", &LaneCounts::effective, "lane-cycles",
                "working on a product of the layer: the window, the filter and the weight exist"),
        counter("folding_zeros", &LaneCounts::folding_zeros, "lane-cycles",
                "working on a zero by which folding extends the kernel, which is no product of the layer"),
        counter("synchronisation", &LaneCounts::synchronisation, "lane-cycles",
                "such a lane, waiting for the slowest column, group, tile or operand"),
        counter("edge", &LaneCounts::edge, "lane-cycles", "lanes of absent windows, filters or channels"),
        counter("fill", &LaneCounts::fill, "lane-cycles",
                "pipeline fill: staggered starts, initial loads, reductions")};
  }
};

struct ActivationMemoryBytes {
  Bytes array_read;
  Bytes array_written;
  Bytes dma_read;
  Bytes dma_written;
  static constexpr auto fields() {
    return std::tuple{counter("array_read_bytes", &ActivationMemoryBytes::array_read, "bytes",
                              "read by the dispatcher for the array, partial sums included"),
                      counter("array_written_bytes", &ActivationMemoryBytes::array_written, "bytes",
                              "written by the reducer for the array, partial sums included"),
                      counter("dma_read_bytes", &ActivationMemoryBytes::dma_read, "bytes",
                              "read by the DMA and sent off chip, as they cross the interface"),
                      counter("dma_written_bytes", &ActivationMemoryBytes::dma_written, "bytes",
                              "written by the DMA from off chip, as they cross the interface")};
  }
};

struct WeightMemoryBytes {
  Bytes array_read;
  Bytes dma_written;
  static constexpr auto fields() {
    return std::tuple{
        counter("array_read_bytes", &WeightMemoryBytes::array_read, "bytes", "read by the array"),
        counter("dma_written_bytes", &WeightMemoryBytes::dma_written, "bytes",
                "written by the DMA, metadata included, as they cross the interface")};
  }
};

struct BufferBytes {
  Bytes written;
  Bytes read;
  static constexpr auto fields() {
    return std::tuple{
        counter("written_bytes", &BufferBytes::written, "bytes", "written into the buffer"),
        counter("read_bytes", &BufferBytes::read, "bytes", "read from the buffer; equals what was written")};
  }
};

// Partial sums that move between the array and the activation memory: part of its array_read_bytes and
// array_written_bytes.
struct SumBytes {
  Bytes read;
  Bytes written;
  static constexpr auto fields() {
    return std::tuple{counter("read_bytes", &SumBytes::read, "bytes", "read by the array"),
                      counter("written_bytes", &SumBytes::written, "bytes", "written by the array")};
  }
};

// What every on-chip memory and buffer moved.
struct MemoryAccesses {
  ActivationMemoryBytes activation_memory;
  WeightMemoryBytes weight_memory;
  BufferBytes input_buffer;
  BufferBytes output_buffer;
  SumBytes partial_sums;
  static constexpr auto fields() {
    return std::tuple{
        counter("activation_memory", &MemoryAccesses::activation_memory, "", "the activation memory"),
        counter("weight_memory", &MemoryAccesses::weight_memory, "", "the weight memory"),
        counter("input_buffer", &MemoryAccesses::input_buffer, "", "the buffer in front of the tiles"),
        counter("output_buffer", &MemoryAccesses::output_buffer, "", "the buffer behind the tiles"),
        counter("partial_sums", &MemoryAccesses::partial_sums, "",
                "partial sums within the activation memory's array bytes")};
  }
};

struct DramCommands {
  std::uint64_t read_bursts = 0;
  std::uint64_t write_bursts = 0;
  std::uint64_t row_hits = 0;
  std::uint64_t activates = 0;
  std::uint64_t precharges = 0;
  std::uint64_t refreshes_all_bank = 0;
  std::uint64_t refreshes_per_bank = 0;
  static constexpr auto fields() {
    return std::tuple{
        counter("read_bursts", &DramCommands::read_bursts, "commands", "column reads, one burst each"),
        counter("write_bursts", &DramCommands::write_bursts, "commands", "column writes, one burst each"),
        counter("row_hits", &DramCommands::row_hits, "commands",
                "column commands that needed no activate of their own"),
        counter("activates", &DramCommands::activates, "commands", "rows opened"),
        counter("precharges", &DramCommands::precharges, "commands",
                "rows closed, by a command, automatically, or for a refresh"),
        counter("refreshes_all_bank", &DramCommands::refreshes_all_bank, "commands",
                "refreshes of all banks of a rank"),
        counter("refreshes_per_bank", &DramCommands::refreshes_per_bank, "commands",
                "refreshes of one bank")};
  }
  friend bool operator==(const DramCommands&, const DramCommands&) = default;
};

// The counters of a layer, and of any sum of layers.
struct Counters {
  std::uint64_t macs = 0;
  Cycles cycles;
  Cycles compute_cycles;
  StallCycles stall_cycles;
  double utilization = 0;       // set when a result is written
  double lane_utilization = 0;  // likewise
  LaneCounts lane_cycles;
  TrafficBytes on_chip_bytes;
  TrafficBytes off_chip_bytes;
  NamedCounts events;
  std::optional<MemoryAccesses> memory_accesses;
  std::optional<DramCommands> dram_commands;
  static constexpr auto fields() {
    return std::tuple{
        counter("macs", &Counters::macs, "operations",
                "products of the layer: outputs x weights of a filter, those with padding and with zeros "
                "included, those "
                "that folding adds not"),
        counter("cycles", &Counters::cycles, "cycles", "`compute_cycles` + all `stall_cycles`, asserted"),
        counter("compute_cycles", &Counters::compute_cycles, "cycles",
                "cycles in which the array works: steps, waiting for the slowest column or tile, pipeline "
                "fill. What a run with `\"memory\": \"none\"` takes, except where blocks cut a layer: every "
                "block fills and drains the pipeline again"),
        counter("stall_cycles", &Counters::stall_cycles, "cycles",
                "cycles in which the array waits for memory, by what it waits for ([memory.md](memory.md))"),
        fact("utilization", &Counters::utilization, "share",
             "products over the peak: `macs` / (`cycles` x `array.peak_macs_per_cycle`); above 1 where fewer "
             "bits "
             "or skipped work leave the array more products per cycle than its peak "
             "([utilization](#utilization))"),
        fact("lane_utilization", &Counters::lane_utilization, "share",
             "lanes that work on products of the layer: `lane_cycles.effective` / (`cycles` x `array.lanes`)")
            .at_most(1),
        counter("lane_cycles", &Counters::lane_cycles, "lane-cycles",
                "`compute_cycles` x lanes of the array, split by what the lanes did; the sum is asserted"),
        counter("on_chip_bytes", &Counters::on_chip_bytes, "bytes",
                "between the on-chip memories and the tiles, as the design counts them"),
        counter("off_chip_bytes", &Counters::off_chip_bytes, "bytes", "over the off-chip interface"),
        counter("events", &Counters::events, "",
                "the model's own counters (`heddle describe MODEL`); absent where it has none"),
        counter("memory_accesses", &Counters::memory_accesses, "bytes",
                "bytes that pass the ports of each on-chip memory and buffer; absent without memory"),
        counter("dram_commands", &Counters::dram_commands, "commands",
                "commands of the off-chip DRAM; absent without a DRAM")};
  }
  Counters& operator+=(const Counters& other) {
    add(*this, other);
    return *this;
  }
};

}  // namespace heddle::result
