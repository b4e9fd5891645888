// SPDX-License-Identifier: Apache-2.0
//
// The keys of the `memory` section, each with unit, range, default and source.
#include "sim/memory/memory_config.h"

namespace heddle::memory {
namespace {

using config::Json;
using config::Parameter;

constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;

struct SramDefaults {
  std::int64_t capacity_bytes;
  std::int64_t banks;
  std::int64_t port_bits;
  const char* capacity_source;
  const char* port_source;
  const char* double_buffered = "half of it takes the next block while the other half is worked on";
};

std::vector<Parameter> sram_parameters(const SramDefaults& d) {
  return {Parameter::integer_or_word("capacity_bytes", "bytes", 64, kMostBytes, {"unlimited"})
              .by_default(d.capacity_bytes)
              .means("capacity; unlimited is an assumption that every result repeats")
              .from(d.capacity_source),
          Parameter::integer("banks", "banks", 1, 65536)
              .by_default(d.banks)
              .means("banks, each with a read and a write port")
              .from(d.port_source),
          Parameter::integer_or_word("port_bits", "bits", 8, 65536, {"unlimited"})
              .by_default(d.port_bits)
              .means("bits that each port moves per cycle; all banks together give the bandwidth")
              .from(d.port_source),
          Parameter::integer("read_latency_cycles", "cycles", 0, 1000)
              .by_default(1)
              .means("from a read to its data; hidden unless the array waits for these data")
              .from("our choice: one cycle, no paper states it"),
          Parameter::integer("write_latency_cycles", "cycles", 0, 1000)
              .by_default(1)
              .means("from data at a port to data in the memory")
              .from("our choice: one cycle, no paper states it"),
          Parameter::boolean("double_buffered")
              .by_default(OnChipMemory{}.is_double_buffered)
              .means(d.double_buffered)
              .from("our choice: docs/rules.md#memory-overlap")};
}

std::vector<Parameter> stage_parameters(const char* what) {
  return {Parameter::integer_or_word("bytes_per_cycle", "bytes/cycle", 1, 1 << 29, {"unlimited"})
              .by_default(512)
              .means(what)
              .from("our choice: as wide as the activation memory"),
          Parameter::integer("latency_cycles", "cycles", 0, 1000)
              .by_default(1)
              .means("from a value's arrival to its departure")
              .from("our choice: one cycle, no paper states it")};
}

Parameter off_chip_parameter() {
  return Parameter::object(
             "off_chip",
             {Parameter::choice("kind", {"none", "ideal", "dram"})
                  .means("none: off-chip transfers take no time and are not counted; ideal: fixed bandwidth "
                         "and latency; dram: "
                         "controller and device")
                  .from("our choice: docs/memory.md"),
              Parameter::any("device")
                  .optional()
                  .means("dram only, required there: a memory device, a file (relative to this one) or an "
                         "object")
                  .from("our choice: docs/dram.md"),
              Parameter::integer_or_word("bandwidth_mb_per_s", "MB/s", 1, 100'000'000, {"unlimited"})
                  .optional()
                  .means("ideal only, required there: 10^6 bytes per second, reads and writes together")
                  .from("our choice: docs/memory.md"),
              Parameter::integer("latency_ns", "ns", 0, 1'000'000'000)
                  .by_default(100)
                  .means("ideal only: from the end of a transfer's time on the bus to its last byte on chip")
                  .from("our choice: the order of a loaded DRAM read")})
      .means("the memory outside the chip");
}

Parameter codec_parameter() {
  return Parameter::object(
             "codec",
             {Parameter::integer("decoder_groups_per_cycle", "groups/cycle", 1, 1024)
                  .by_default(CodecRates{}.decoder)
                  .means("groups of 16 compressed values that the decoder behind the DMA expands per cycle")
                  .from("our choice: at least 19 compressed bytes per cycle, more than LPDDR4 delivers"),
              Parameter::integer("encoder_groups_per_cycle", "groups/cycle", 1, 1024)
                  .by_default(CodecRates{}.encoder)
                  .means("groups of 16 values that the encoder in front of the DMA compresses per cycle")
                  .from("our choice: as the decoder")})
      .means("compressed storage");
}

constexpr const char* kStorageOfDesign = "design";

std::vector<std::string> storage_choices() {
  std::vector<std::string> words = arch::storage_words();
  words.insert(words.begin(), kStorageOfDesign);
  return words;
}

std::vector<Parameter> on_chip_parameters() {
  constexpr const char* kBufferPorts = "our choice: as wide as the activation memory";
  return {
      Parameter::object(
          "activation_memory",
          sram_parameters({4 << 20, 16, 256,
                           "DaDianNao (MICRO'14) as Pragmatic (MICRO'17) states it: 4 MB eDRAM",
                           "our choice: feeds 16 windows of 16 lanes one bit per cycle at P = 1"}))
          .means("activations and partial sums on chip (AM)"),
      Parameter::object(
          "weight_memory",
          sram_parameters(
              {32 << 20, 64, 1024,
               "DaDianNao (MICRO'14) as Pragmatic (MICRO'17) states it: 2 MB eDRAM per tile, 16 tiles",
               "our choice: feeds 16 tiles of 256 16-bit weights every cycle"}))
          .means("weights on chip, all tiles together (WM)"),
      Parameter::object(
          "input_buffer",
          sram_parameters(
              {32 << 10, 16, 256, "our choice: a half holds 32 steps of 16 windows of 16 lanes", kBufferPorts,
               "half of it takes what is read next while the tiles read the other half; otherwise "
               "filling and reading take turns"}))
          .means("activations in front of the tiles (ABin)"),
      Parameter::object(
          "output_buffer",
          sram_parameters({64 << 10, 16, 256,
                           "our choice: a half holds the partial sums of a window set of the largest shipped "
                           "array, 512 x 16 of 4 bytes",
                           kBufferPorts,
                           "half of it takes outputs while the other half goes to the activation memory; "
                           "otherwise the array waits until its outputs have left"}))
          .means("outputs behind the tiles (ABout)"),
      Parameter::object(
          "dispatcher",
          stage_parameters("activations that it reads, transposes and hands to the input buffer"))
          .means("dispatcher and transposer, between activation memory and input buffer"),
      Parameter::object("reducer", stage_parameters("outputs and partial sums that it takes to the "
                                                    "activation memory"))
          .means("output reducer, between output buffer and activation memory")};
}

}  // namespace

const config::Declaration& memory_section_declaration() {
  static const config::Declaration kDeclaration = [] {
    config::Declaration all{
        off_chip_parameter(),
        Parameter::choice("storage", storage_choices())
            .by_default(kStorageOfDesign)
            .means(
                "how values are kept in memory: as the design does, a full container each, as many bits as "
                "their precision, or "
                "DPRed groups")
            .from("our choice: docs/rules.md#storage"),
        codec_parameter(),
        Parameter::object("dma",
                          {Parameter::integer("transfers_in_flight", "transfers", 1, 16)
                               .by_default(MemoryConfig{}.dma_transfers)
                               .means("transfers that a DRAM works on at the same time, the oldest first")
                               .from("our choice: the second hides the latency of the first")})
            .means("the engine between the memories")};
    for (auto& parameter : on_chip_parameters()) all.push_back(std::move(parameter));
    return all;
  }();
  return kDeclaration;
}

Json memory_section_schema() {
  Json object = config::schema_of(memory_section_declaration());
  object["properties"]["extends"] =
      Json{{"type", "string"}, {"description", "a memory file that this one extends"}};
  object.erase("required");  // an extended file may give them
  return {{"description", "\"none\" for compute only, the name of a memory file, or an object"},
          {"default", "none"},
          {"anyOf", Json::array({Json{{"type", "string"}}, std::move(object)})}};
}

}  // namespace heddle::memory
