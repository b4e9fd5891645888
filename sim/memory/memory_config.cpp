// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/memory_config.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/config/compose.h"

namespace heddle::memory {
namespace {

using config::Document;
using config::Values;

bool is_unlimited(const Values& values, const char* key) {
  return values.is_word(key);
}

OnChipMemory capacity_of(const Values& values) {
  OnChipMemory out;
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

[[noreturn]] void refuse(const Document& document, const std::string& pointer, const std::string& text) {
  throw Error(ErrorKind::config, document.where(pointer), text);
}

void check_keys_of_kind(const Values& off_chip, const Document& section) {
  const std::string pointer = "/off_chip";
  const std::string kind = off_chip.text("kind");
  if (kind != "dram" && off_chip.has("device")) refuse(section, pointer, "key 'device' belongs to kind dram");
  if (kind != "ideal" && off_chip.has("bandwidth_mb_per_s"))
    refuse(section, pointer, "key 'bandwidth_mb_per_s' belongs to kind ideal");
  if (kind == "dram" && !off_chip.has("device")) {
    refuse(section, pointer,
           "key 'device' is missing: a dram needs it, the name of a device file or an object");
  }
  if (kind == "ideal" && !off_chip.has("bandwidth_mb_per_s")) {
    refuse(section, pointer,
           "key 'bandwidth_mb_per_s' is missing: an ideal memory needs it, in MB/s or \"unlimited\"");
  }
}

void read_ideal(const Values& off_chip, MemoryConfig& out) {
  if (is_unlimited(off_chip, "bandwidth_mb_per_s")) {
    out.notes.emplace_back("assumption: memory.off_chip.bandwidth_mb_per_s is unlimited");
  } else {
    out.ideal.bandwidth_mb_per_s = static_cast<std::uint64_t>(off_chip.integer("bandwidth_mb_per_s"));
  }
  out.ideal.latency_ns = static_cast<std::uint64_t>(off_chip.integer("latency_ns"));
}

void read_off_chip(const Values& off_chip, MemoryConfig& out) {
  const std::string kind = off_chip.text("kind");
  if (kind == "none") {
    out.notes.emplace_back(
        "assumption: memory.off_chip is none: off-chip transfers take no time and are not counted");
  } else if (kind == "dram") {
    out.off_chip = OffChipKind::dram;
  } else {
    out.off_chip = OffChipKind::ideal;
    read_ideal(off_chip, out);
  }
}

void read_on_chip(const Values& values, MemoryConfig& out) {
  const auto sram = [&](const char* name, OnChipMemory& memory, SramTiming& timing) {
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

// Refuses a memory of which only a part is stated, once its other keys are known to be right.
void require_off_chip(const Document& section) {
  if (!section.root.is_object() || section.root.contains("off_chip")) return;
  Document filled = section;
  filled.root["off_chip"] = {{"kind", "none"}};
  config::read(filled, "", memory_section_declaration());
  refuse(
      section, "/off_chip",
      "key 'kind' is missing: this configuration has no memory to change; name a memory system too, such as "
      "--set memory=lpddr4_4267_1mb, or state off_chip.kind (none, ideal or dram)");
}

MemoryConfig read_section(const Document& section) {
  require_off_chip(section);
  const Values values = config::read(section, "", memory_section_declaration());
  MemoryConfig out;
  out.is_compute_only = false;
  check_keys_of_kind(values.child("off_chip"), section);
  read_off_chip(values.child("off_chip"), out);
  read_on_chip(values, out);
  out.storage = arch::storage_of_word(values.text("storage"));  // none: "design"
  out.codec = {values.child("codec").count("decoder_groups_per_cycle"),
               values.child("codec").count("encoder_groups_per_cycle")};
  out.dma_transfers = values.child("dma").count("transfers_in_flight");
  out.echo = values.json();
  if (out.off_chip == OffChipKind::dram) {
    out.dram = dram::read_device(
        config::compose_part(section, "/off_chip/device", "a memory device: a file or an object"));
    out.echo["off_chip"]["device"] = out.dram->echo;
  }
  return out;
}

}  // namespace

MemoryConfig read_memory_section(const Document& configuration) {
  const auto found = configuration.root.find("memory");
  if (found == configuration.root.end() || *found == "none") return {};
  return read_section(
      config::compose_part(configuration, "/memory", "\"none\", the name of a memory file or an object"));
}

BufferPath input_path(const MemoryConfig& m) {
  BufferPath path{.memory = m.input_buffer, .rate = {}, .latency = {}, .occupied = {}};
  for (const auto bytes :
       {m.activation_timing.bytes_per_cycle, m.dispatcher.bytes_per_cycle, m.input_timing.bytes_per_cycle})
    path.rate = slower(path.rate, {bytes, 1});
  path.latency = m.activation_timing.read_latency + m.dispatcher.latency + m.input_timing.write_latency +
                 m.input_timing.read_latency;
  // A value occupies its place in the buffer as soon as the memory starts to read it.
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

std::uint64_t off_chip_bytes_per_1024_cycles(const MemoryConfig& memory, double frequency_mhz) {
  const auto per_1024_cycles = [&](double mb_per_s) {
    return static_cast<std::uint64_t>(mb_per_s * 1024 / frequency_mhz);
  };
  if (!memory.dram) return per_1024_cycles(static_cast<double>(memory.ideal.bandwidth_mb_per_s));
  const dram::MemoryParameters& parameters = memory.dram->parameters;
  const dram::Organisation& organisation = parameters.device.organisation;
  const double bytes = static_cast<double>(organisation.burst_bytes()) * parameters.controller.channels;
  const double burst_ps =
      static_cast<double>(organisation.burst_cycles()) * parameters.device.clock_period_ps;
  return per_1024_cycles(bytes / burst_ps * 1e6 * 0.9);
}

}  // namespace heddle::memory
