// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/config/values.h"
#include "sim/dram/parameters.h"
#include "sim/memory/on_chip_memory.h"
#include "sim/memory/stream.h"
#include "sim/memory/timing.h"

namespace heddle::memory {

enum class OffChipKind { none, ideal, dram };

// The `memory` section of an accelerator's configuration (docs/memory.md).
struct MemoryConfig {
  bool is_compute_only = true;  // "memory": "none": only computing takes time
  OffChipKind off_chip = OffChipKind::none;
  IdealParameters ideal;
  std::optional<dram::MemoryConfiguration> dram;
  std::optional<arch::Storage> storage;  // none: the design's own
  CodecRates codec;
  std::uint32_t dma_transfers = 2;  // in flight
  OnChipMemory activation_memory;
  OnChipMemory weight_memory;
  OnChipMemory input_buffer;
  OnChipMemory output_buffer;
  SramTiming activation_timing;
  SramTiming weight_timing;
  SramTiming input_timing;
  SramTiming output_timing;
  StageTiming dispatcher;
  StageTiming reducer;
  config::Json echo = "none";
  std::vector<std::string> notes;  // assumptions that every result repeats: what is unlimited
};

// From the activation memory through dispatcher and input buffer to the tiles.
BufferPath input_path(const MemoryConfig& memory);
// From the tiles through output buffer and reducer to the activation memory.
BufferPath output_path(const MemoryConfig& memory);

// Bandwidth of the off-chip memory in bytes per 1024 cycles of the accelerator, for estimates; 0: unlimited.
// Of a DRAM's peak nine tenths, which leaves refresh and turnarounds their time.
std::uint64_t off_chip_bytes_per_1024_cycles(const MemoryConfig& memory, double frequency_mhz);

// The section is "none", the name of a memory file (relative to the file that names it), or an object, which
// may extend such a file. Throws Error(config | io).
MemoryConfig read_memory_section(const config::Document& configuration);

const config::Declaration& memory_section_declaration();
config::Json memory_section_schema();

}  // namespace heddle::memory
