// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/memory_config.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/config/compose.h"

namespace heddle::hw {
namespace {

using config::Document;
using config::Json;
using config::Parameter;
using config::Values;

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
              .means("what it holds; unlimited is no hardware, and every result says so")
              .from(d.capacity_source),
          Parameter::integer("banks", "banks", 1, 65536)
              .by_default(d.banks)
              .means("banks, each with a read and a write port")
              .from(d.port_source),
          Parameter::integer_or_word("port_bits", "bits", 8, 65536, {"unlimited"})
              .by_default(d.port_bits)
              .means("bits that a port moves a cycle; all banks together are the bandwidth")
              .from(d.port_source),
          Parameter::integer("read_latency_cycles", "cycles", 0, 1000)
              .by_default(1)
              .means("from a read to its data; hidden unless the array has been waiting for just this data")
              .from("our choice"),
          Parameter::integer("write_latency_cycles", "cycles", 0, 1000)
              .by_default(1)
              .means("from data at a port to the memory that holds them")
              .from("our choice"),
          Parameter::boolean("double_buffered")
              .by_default(true)
              .means(d.double_buffered)
              .from("specification: transfers overlap computing")};
}

std::vector<Parameter> stage_parameters(const char* what) {
  return {Parameter::integer_or_word("bytes_per_cycle", "bytes/cycle", 1, 1 << 29, {"unlimited"})
              .by_default(512)
              .means(what)
              .from("our choice: as wide as the activation memory"),
          Parameter::integer("latency_cycles", "cycles", 0, 1000)
              .by_default(1)
              .means("from a value's arrival to its departure")
              .from("our choice")};
}

Parameter off_chip_parameter() {
  return Parameter::object(
             "off_chip",
             {Parameter::choice("kind", {"none", "ideal", "dram"})
                  .means("none: off-chip transfers take no time and are not counted; ideal: fixed bandwidth "
                         "and latency; dram: "
                         "controller and device"),
              Parameter::any("device").optional().means(
                  "dram only, required there: a memory device, a file (relative to this one) or an object"),
              Parameter::integer_or_word("bandwidth_mb_per_s", "MB/s", 1, 100'000'000, {"unlimited"})
                  .optional()
                  .means("ideal only, required there: 10^6 bytes a second, reads and writes together"),
              Parameter::integer("latency_ns", "ns", 0, 1'000'000'000)
                  .by_default(100)
                  .means("ideal only: from the end of a transfer's time on the bus to its last byte on chip")
                  .from("our choice: the order of a loaded DRAM read")})
      .means("the memory outside the chip");
}

bool is_unlimited(const Values& values, const char* key) {
  return values.is_word(key);
}

arch::OnChipMemory capacity_of(const Values& values) {
  arch::OnChipMemory out;
  if (!is_unlimited(values, "capacity_bytes"))
    out.capacity = Bytes(static_cast<std::uint64_t>(values.integer("capacity_bytes")));
  out.is_double_buffered = values.flag("double_buffered");
  return out;
}

SramTiming timing_of(const Values& values) {
  SramTiming out;
  if (!is_unlimited(values, "port_bits")) {
    out.bytes_per_cycle =
        std::max<std::uint64_t>(1, std::uint64_t{values.count("banks")} * values.count("port_bits") / 8);
  }
  out.read_latency = Cycles(values.count("read_latency_cycles"));
  out.write_latency = Cycles(values.count("write_latency_cycles"));
  return out;
}

StageTiming stage_of(const Values& values) {
  return {is_unlimited(values, "bytes_per_cycle") ? 0 : values.count("bytes_per_cycle"),
          Cycles(values.count("latency_cycles"))};
}

void note_unlimited(const Values& section, const std::string& name, std::vector<std::string>& notes) {
  for (const char* key : {"capacity_bytes", "port_bits", "bytes_per_cycle"}) {
    if (section.json().contains(key) && is_unlimited(section, key))
      notes.push_back("assumption: memory." + name + "." + key + " is unlimited");
  }
}

void read_off_chip(const Values& values, const Document& document, const std::string& pointer,
                   MemoryConfig& out) {
  const auto refuse = [&](const std::string& text) {
    throw Error(ErrorKind::config, document.where(pointer), text);
  };
  const std::string kind = values.text("kind");
  if (kind != "dram" && values.has("device")) refuse("key 'device' belongs to kind dram");
  if (kind != "ideal" && values.has("bandwidth_mb_per_s"))
    refuse("key 'bandwidth_mb_per_s' belongs to kind ideal");
  if (kind == "none") {
    out.notes.emplace_back(
        "assumption: memory.off_chip is none: off-chip transfers take no time and are not counted");
  } else if (kind == "dram") {
    out.off_chip = OffChipKind::dram;
    if (!values.has("device"))
      refuse("key 'device' is missing: a dram needs it, the name of a device file or an object");
  } else {
    out.off_chip = OffChipKind::ideal;
    if (!values.has("bandwidth_mb_per_s")) {
      refuse("key 'bandwidth_mb_per_s' is missing: an ideal memory needs it, in MB/s or \"unlimited\"");
    }
    if (is_unlimited(values, "bandwidth_mb_per_s")) {
      out.notes.emplace_back("assumption: memory.off_chip.bandwidth_mb_per_s is unlimited");
    } else {
      out.ideal.bandwidth_mb_per_s = static_cast<std::uint64_t>(values.integer("bandwidth_mb_per_s"));
    }
    out.ideal.latency_ns = static_cast<std::uint64_t>(values.integer("latency_ns"));
  }
}

std::optional<arch::Storage> storage_of(const std::string& text) {
  if (text == "container") return arch::Storage::container;
  if (text == "bit_interleaved") return arch::Storage::bit_interleaved;
  if (text == "compressed") return arch::Storage::compressed;
  return std::nullopt;
}

// Where an object stands in its document, or the document of the file that it names or extends. Errors in an
// object then name its place in the user's own file.
struct Place {
  Document document;
  std::string pointer;
};
Place place_of(const Document& document, const std::string& pointer, const std::string& what) {
  const Json& node = document.root.at(Json::json_pointer(pointer));
  if (node.is_object() && !node.contains("extends")) return {document, pointer};
  return {config::compose_part(document, pointer, what), ""};
}

void read_on_chip(const Values& values, MemoryConfig& out) {
  const auto sram = [&](const char* name, arch::OnChipMemory& memory, SramTiming& timing) {
    const Values section = values.child(name);
    memory = capacity_of(section);
    timing = timing_of(section);
    note_unlimited(section, name, out.notes);
  };
  sram("activation_memory", out.activation_memory, out.activation_timing);
  sram("weight_memory", out.weight_memory, out.weight_timing);
  sram("input_buffer", out.input_buffer, out.input_timing);
  sram("output_buffer", out.output_buffer, out.output_timing);
  const auto stage = [&](const char* name, StageTiming& timing) {
    timing = stage_of(values.child(name));
    note_unlimited(values.child(name), name, out.notes);
  };
  stage("dispatcher", out.dispatcher);
  stage("reducer", out.reducer);
}

MemoryConfig read_section(const Document& document, const std::string& pointer) {
  const Values values = config::read(document, pointer, memory_declaration());
  MemoryConfig out;
  out.is_compute_only = false;
  read_off_chip(values.child("off_chip"), document, pointer + "/off_chip", out);
  read_on_chip(values, out);
  out.storage = storage_of(values.text("storage"));
  out.decoder_groups_per_cycle = values.child("codec").count("decoder_groups_per_cycle");
  out.encoder_groups_per_cycle = values.child("codec").count("encoder_groups_per_cycle");
  out.dma_transfers = values.child("dma").count("transfers_in_flight");
  out.echo = values.json();
  if (out.off_chip == OffChipKind::dram) {
    const Place device =
        place_of(document, pointer + "/off_chip/device", "a memory device: a file or an object");
    out.dram = dram::read_memory(device.document, device.pointer);
    out.echo["off_chip"]["device"] = out.dram->echo;
  }
  return out;
}

}  // namespace

namespace {

Parameter codec_parameter() {
  return Parameter::object(
             "codec",
             {Parameter::integer("decoder_groups_per_cycle", "groups/cycle", 1, 1024)
                  .by_default(1)
                  .means("groups of 16 compressed values that the decoder behind the DMA expands a cycle")
                  .from("our choice: 32 bytes a cycle, more than LPDDR4 delivers"),
              Parameter::integer("encoder_groups_per_cycle", "groups/cycle", 1, 1024)
                  .by_default(1)
                  .means("groups of 16 values that the encoder in front of the DMA compresses a cycle")
                  .from("our choice: as the decoder")})
      .means("compressed storage");
}

std::vector<Parameter> on_chip_parameters() {
  constexpr const char* kBufferPorts = "our choice: as wide as the activation memory";
  return {
      Parameter::object(
          "activation_memory",
          sram_parameters({4 << 20, 16, 256, "DaDianNao: 4 MB eDRAM [PRA text]",
                           "our choice: feeds 16 windows of 16 lanes one bit a cycle at P = 1"}))
          .means("activations and partial sums on chip (AM)"),
      Parameter::object(
          "weight_memory",
          sram_parameters({32 << 20, 64, 1024, "DaDianNao: 2 MB eDRAM a tile, 16 tiles [PRA text]",
                           "our choice: feeds 16 tiles of 256 16-bit weights every cycle"}))
          .means("weights on chip, all tiles together (WM)"),
      Parameter::object(
          "input_buffer",
          sram_parameters({32 << 10, 16, 256, "our choice: a half holds 32 steps of 16 windows of 16 lanes",
                           kBufferPorts,
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
                           "otherwise the array waits for its outputs to go"}))
          .means("outputs behind the tiles (ABout)"),
      Parameter::object("dispatcher",
                        stage_parameters("activations that it reads, transposes and hands to the input buffer"))
          .means("dispatcher and transposer, between activation memory and input buffer"),
      Parameter::object("reducer", stage_parameters("outputs and partial sums that it takes to the "
                                                    "activation memory"))
          .means("output reducer, between output buffer and activation memory")};
}

}  // namespace

const config::Declaration& memory_declaration() {
  static const config::Declaration kDeclaration = [] {
    config::Declaration all{
        off_chip_parameter(),
        Parameter::choice("storage", {"design", "container", "bit_interleaved", "compressed"})
            .by_default("design")
            .means("how values are kept in memory: as the design does, a full container each, as many bits as "
                   "their precision, or "
                   "DPRed groups"),
        codec_parameter(),
        Parameter::object(
            "dma", {Parameter::integer("transfers_in_flight", "transfers", 1, 16)
                        .by_default(2)
                        .means("transfers that a DRAM works on at a time, the oldest first")
                        .from("our choice: the second hides the latency of the first")})
            .means("the engine between the memories")};
    for (auto& parameter : on_chip_parameters()) all.push_back(std::move(parameter));
    return all;
  }();
  return kDeclaration;
}

Json memory_schema() {
  Json object = config::schema_of(memory_declaration());
  object["properties"]["extends"] =
      Json{{"type", "string"}, {"description", "a memory file that this one extends"}};
  object.erase("required");  // an extended file may give them
  return {{"description", "\"none\" for compute only, the name of a memory file, or an object"},
          {"default", "none"},
          {"anyOf", Json::array({Json{{"type", "string"}}, std::move(object)})}};
}

MemoryConfig read_memory(const Document& configuration) {
  const auto found = configuration.root.find("memory");
  if (found == configuration.root.end() || *found == "none") return {};
  const Place place = place_of(configuration, "/memory", "\"none\", the name of a memory file or an object");
  return read_section(place.document, place.pointer);
}

BufferPath input_path(const MemoryConfig& m) {
  BufferPath path{.memory = m.input_buffer, .rate = {}, .latency = {}, .occupied = {}};
  for (const auto bytes : {m.activation_timing.bytes_per_cycle, m.dispatcher.bytes_per_cycle,
                           m.input_timing.bytes_per_cycle})
    path.rate = slower(path.rate, {bytes, 1});
  path.latency = m.activation_timing.read_latency + m.dispatcher.latency + m.input_timing.write_latency +
                 m.input_timing.read_latency;
  // The dispatcher asks the memory for a value only when there is a place for it.
  path.occupied = path.latency;
  return path;
}

BufferPath output_path(const MemoryConfig& m) {
  BufferPath path{.memory = m.output_buffer, .rate = {}, .latency = {}, .occupied = {}};
  for (const auto bytes :
       {m.output_timing.bytes_per_cycle, m.reducer.bytes_per_cycle, m.activation_timing.bytes_per_cycle})
    path.rate = slower(path.rate, {bytes, 1});
  path.occupied = m.output_timing.write_latency + m.output_timing.read_latency;
  path.latency = path.occupied + m.reducer.latency + m.activation_timing.write_latency;
  return path;
}

std::unique_ptr<OffChipMemory> make_off_chip(const char* name, const MemoryConfig& memory) {
  if (memory.dram) return std::make_unique<DramOffChip>(name, memory.dram->parameters);
  return std::make_unique<IdealMemory>(name, memory.ideal);
}

}  // namespace heddle::hw
