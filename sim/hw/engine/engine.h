// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sim/hw/engine/tiles.h"
#include "sim/memory/memory_config.h"
#include "sim/memory/work_list.h"

namespace heddle::hw {

// One accelerator's work. `list` and `memory` outlive the simulation.
struct Job {
  const memory::WorkList& list;
  const memory::MemoryConfig& memory;
  double frequency_mhz = 1000;
};

struct Timing {
  std::vector<LayerTime> layers;
  std::vector<result::TrafficBytes> moved_by_layer;  // what the DMA moved
  AccessesByLayer accesses_by_layer;                 // of the on-chip memories and buffers
  std::vector<dram::ChannelCounters> dram_by_layer;  // empty without a DRAM
  Bytes off_chip_read;                               // what the off-chip memory saw
  Bytes off_chip_written;
  Bytes activation_memory_read;
  Bytes activation_memory_written;
  Bytes weight_memory_read;
  Bytes input_buffer_read;
  Bytes input_buffer_written;
  Bytes output_buffer_read;
  Bytes output_buffer_written;
  std::vector<Span> transfers;               // in the order of the work list
  std::vector<Computed> items;               // of the work list
  std::uint64_t ticks_per_cycle = 1;         // of the accelerator's clock
  std::uint64_t ticks_per_memory_clock = 1;  // of the accelerator's clock where the memory has none
  std::uint64_t granule_bytes = 1;           // the unit that the memory moves
  std::optional<dram::ChannelCounters> dram;
  std::optional<dram::EnergyReport> dram_energy;
};

// Builds one engine per job (clock, DMA, memories, buffers, dispatcher, tiles, reducer) and lets all advance
// together in one SystemC simulation. SystemC elaborates once per process, so this function can be called
// once per process. Cost: about five wakes per item and one per transfer. Throws what a SystemC process
// threw; Error(internal) when the simulation stops before all work is done or when byte counts disagree.
// `progress` is called after each transfer of any job, with the layer that it served.
using TransferProgress = std::function<void(std::size_t done, std::size_t all, std::uint32_t layer)>;
std::vector<Timing> simulate(std::span<const Job> jobs, const TransferProgress& progress = nullptr);

}  // namespace heddle::hw
