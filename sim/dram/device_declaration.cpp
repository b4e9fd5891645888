// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/device_declaration.h"

#include "sim/dram/device.h"

namespace heddle::dram {
namespace {

using config::Declaration;
using config::Parameter;

// A device's file says in `provenance` where each of its numbers was read.
constexpr const char* kJedec = "JEDEC, as the device's file read it";
constexpr const char* kFormat = "our choice: docs/dram.md";
constexpr std::int64_t kMost = 1 << 20;  // clocks: far beyond any standard's parameter

Parameter required_clocks(std::string name, std::string meaning, std::int64_t low = 1) {
  return Parameter::integer(std::move(name), "cycles", low, kMost).means(std::move(meaning)).from(kJedec);
}

Parameter zero_clocks(std::string name, std::string meaning) {
  return Parameter::integer(std::move(name), "cycles", 0, kMost)
      .by_default(0)
      .means(std::move(meaning))
      .from(std::string(kJedec) + "; 0: the standard has no such term");
}

Parameter derived_clocks(std::string name, std::string meaning) {
  return Parameter::integer(std::move(name), "cycles", 0, kMost)
      .optional()
      .means(std::move(meaning))
      .from(kJedec);
}

Declaration organisation() {
  return {
      Parameter::integer("bank_groups", "bank groups", 1, 16)
          .means("bank groups of a rank, 1 where the standard has none")
          .from(kJedec),
      Parameter::integer("banks_per_group", "banks", 1, 64).means("banks of a bank group").from(kJedec),
      Parameter::integer("rows", "rows", 1, 1 << 24).means("rows of a bank").from(kJedec),
      Parameter::integer("columns", "columns", 1, 1 << 20)
          .means("words of device_width_bits in a row")
          .from(kJedec),
      Parameter::integer("device_width_bits", "bits", 1, 1024).means("data pins of a device").from(kJedec),
      Parameter::integer("devices_per_rank", "devices", 1, 64)
          .by_default(1)
          .means("devices that act as one and make up the channel's width")
          .from("our choice: 1, a channel of one device"),
      Parameter::integer("burst_length", "words", 1, 64)
          .means("words that one column command moves")
          .from(kJedec),
      Parameter::integer("transfers_per_clock", "words/cycle", 1, 8)
          .by_default(2)
          .means("words that cross a pin in one command clock")
          .from("JEDEC: double data rate")};
}

Declaration timing() {
  return {required_clocks("RL", "read command to first data"),
          required_clocks("WL", "write command to first data"),
          required_clocks("tRCD", "activate to column command of the same bank"),
          derived_clocks("tRCDRD", "activate to read where it differs; absent: tRCD"),
          derived_clocks("tRCDWR", "activate to write where it differs; absent: tRCD"),
          required_clocks("tRP", "precharge of one bank to its activate (LPDDR4: tRPpb)"),
          derived_clocks("tRPab", "precharge of all banks to an activate; absent: tRP"),
          required_clocks("tRAS", "activate to precharge of the same bank"),
          derived_clocks("tRC", "activate to activate of the same bank; absent: tRAS + tRP"),
          required_clocks("tCCD_S", "column command to column command, other bank group"),
          required_clocks("tCCD_L", "column command to column command, same bank group"),
          required_clocks("tRRD_S", "activate to activate, other bank group"),
          required_clocks("tRRD_L", "activate to activate, other bank of the same bank group"),
          required_clocks("tFAW", "window that holds at most four activates of a rank", 0),
          required_clocks("tWR", "end of write data to precharge"),
          required_clocks("tRTP", "read to precharge, at this burst length"),
          required_clocks("tWTR_S", "end of write data to read, other bank group", 0),
          required_clocks("tWTR_L", "end of write data to read, same bank group", 0),
          zero_clocks("tRTRS", "idle clocks of the data bus between ranks"),
          zero_clocks("tPPD", "precharge to precharge of another bank of the rank"),
          zero_clocks("tDQSCK", "added to RL by the output's skew (LPDDR4)"),
          zero_clocks("tDQSS", "added to WL: write command to strobe (LPDDR4)"),
          zero_clocks("tDQS2DQ", "added to WL: strobe to data (LPDDR4)"),
          zero_clocks("tWPRE", "write preamble, counted in the turn from reads to writes"),
          zero_clocks("tRPST", "read postamble, counted in the turn from reads to writes"),
          zero_clocks("read_to_write_gap",
                      "idle clocks of the data bus from reads to writes beyond tWPRE and tRPST"),
          zero_clocks("write_recovery_lead",
                      "clocks between the end of write data and the start of tWR and tWTR"),
          zero_clocks("tREFI", "mean interval of all-bank refreshes; 0: the device has none"),
          zero_clocks("tRFCab", "all-bank refresh to activate (tRFC)"),
          zero_clocks("tREFIpb", "mean interval of per-bank refreshes; 0: the device has none"),
          zero_clocks("tRFCpb", "per-bank refresh to activate of that bank"),
          derived_clocks("tRREFD", "per-bank refresh to activate of another bank; absent: tRRD_S"),
          derived_clocks("tPBR2PBR", "per-bank refresh to the next one of the rank; absent: tRFCpb")};
}

Declaration command_lengths() {
  const auto length = [](std::string name, std::string of) {
    return Parameter::integer(std::move(name), "cycles", 1, 8)
        .by_default(1)
        .means("clocks " + std::move(of) + " holds the command bus")
        .from("JEDEC: 1 for DDR4");
  };
  return {length("activate", "an activate"), length("precharge", "a precharge"),
          length("column", "a read or write"), length("refresh", "a refresh")};
}

Declaration rail() {
  const auto current = [](std::string name, std::string meaning) {
    return Parameter::number(std::move(name), "A", 0, 10)
        .by_default(0.0)
        .means(std::move(meaning))
        .from("our choice: 0, not given, no energy");
  };
  return {Parameter::number("volts", "V", 0, 5)
              .by_default(0.0)
              .means("supply voltage")
              .from("our choice: 0, no such rail"),
          current("idd0_a", "activate and precharge, one bank, each tRC"),
          current("idd2n_a", "standby, all banks precharged"),
          current("idd3n_a", "standby, a bank active"),
          current("idd4r_a", "reading without gaps"),
          current("idd4w_a", "writing without gaps"),
          current("idd5_a", "all-bank refresh, each tRFCab"),
          current("idd5pb_a", "per-bank refresh, average over tREFIpb; 0: a bank costs its share of idd5_a")};
}

Declaration device() {
  Declaration rails;
  for (const auto name : kRailNames) {
    rails.push_back(Parameter::object(std::string(name), rail()).means("a supply of one device"));
  }
  return {Parameter::text("standard").means("the standard the device follows, for people").from(kFormat),
          Parameter::integer("clock_period_ps", "ps", 100, 100000)
              .means("period of the command clock")
              .from(kJedec),
          Parameter::object("organisation", organisation()).means("what a rank is made of"),
          Parameter::object("timing_cycles", timing()).means("the standard's parameters, in command clocks"),
          Parameter::object("command_cycles", command_lengths())
              .means("lengths of the commands; parameters count from a command's last clock"),
          Parameter::boolean("row_and_column_buses")
              .by_default(false)
              .means("row commands and column commands have a bus each (HBM)")
              .from("JEDEC: one bus for DDR4 and LPDDR4"),
          Parameter::object("currents", rails).means("supplies and currents of one device; none: no energy")};
}

Declaration controller() {
  const std::string ours = "our choice: controllers differ, docs/dram.md";
  return {Parameter::integer("channels", "channels", 1, 256)
              .by_default(1)
              .means("independent channels")
              .from(ours),
          Parameter::integer("ranks", "ranks", 1, 8).by_default(1).means("ranks of a channel").from(ours),
          Parameter::text("address_map")
              .means("address bits from the most significant, over the burst: ro ra ba bg co ch")
              .from(ours),
          Parameter::integer("queue_depth", "requests", 1, 4096)
              .by_default(32)
              .means("reads a channel's controller holds, and writes unless write_queue_depth says otherwise")
              .from(ours),
          Parameter::integer("write_queue_depth", "requests", 1, 4096)
              .optional()
              .means("writes a channel's controller holds; absent: queue_depth")
              .from(ours),
          Parameter::integer("write_high_watermark", "requests", 1, 4096)
              .optional()
              .means("queued writes that start a drain; absent: 4/5 of the write queue")
              .from(ours),
          Parameter::integer("write_low_watermark", "requests", 0, 4095)
              .optional()
              .means("queued writes that end a drain; absent: 1/5 of the write queue")
              .from(ours),
          Parameter::integer("row_hit_limit", "requests", 0, 1 << 20)
              .by_default(16)
              .means("column commands to an open row while an older request of the bank waits; 0: no limit")
              .from(ours),
          Parameter::integer("starvation_limit_cycles", "cycles", 0, std::int64_t{1} << 40)
              .by_default(10000)
              .means("a request that is the oldest for longer goes before all others; 0: no limit")
              .from(ours),
          Parameter::choice("page_policy", {"open", "closed", "closed-adaptive"})
              .by_default("open")
              .means("rows stay open, close with each access, or close when no queued request wants them")
              .from(ours),
          Parameter::choice("refresh", {"all-bank", "per-bank", "none"})
              .by_default("all-bank")
              .means("what a refresh command covers; it is served as soon as it is due")
              .from("our choice: the standards' default"),
          Parameter::boolean("stagger_refresh")
              .by_default(true)
              .means("ranks refresh one after the other")
              .from(ours),
          Parameter::choice("address_overflow", {"error", "wrap"})
              .by_default("error")
              .means("addresses beyond the memory are refused, or lose their upper bits")
              .from(ours)};
}

}  // namespace

const Declaration& device_declaration() {
  static const Declaration kAll{
      Parameter::choice("format", {"heddle-memory"}).means("what this file is").from(kFormat),
      Parameter::any("version").means("version of the format: [1, 0]").from(kFormat),
      Parameter::text("name").means("name of the memory, for people").from(kFormat),
      Parameter::choice("kind", {"dram"}).means("a DRAM with its controller").from(kFormat),
      Parameter::object("device", device()).means("the devices"),
      Parameter::object("controller", controller()).means("the controller's choices"),
      Parameter::any("provenance").optional().means("where every number was read").from(kFormat)};
  return kAll;
}

}  // namespace heddle::dram
