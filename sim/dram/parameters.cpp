// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/parameters.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/config/values.h"
#include "sim/dram/address_map.h"
#include "sim/dram/device_declaration.h"

namespace heddle::dram {
namespace {

using config::Values;

// Checks conditions that involve several keys; errors name the place in the user's file.
class Checker {
 public:
  explicit Checker(const config::Document& document) : document_(document) {}

  void require(bool holds, const std::string& path, const std::string& what) const {
    if (!holds) throw Error(ErrorKind::config, where(path), what);
  }
  void power_of_two(std::uint32_t value, const std::string& path) const {
    require(std::has_single_bit(value), path, fmt::format("expected a power of two, found {}", value));
  }
  [[nodiscard]] std::string where(const std::string& path) const { return document_.where(path); }

 private:
  const config::Document& document_;
};

std::uint32_t count_or(const Values& values, const std::string& name, std::uint32_t otherwise) {
  return values.has(name) ? values.count(name) : otherwise;
}

Organisation organisation_of(const Values& v) {
  return {.bank_groups = v.count("bank_groups"),
          .banks_per_group = v.count("banks_per_group"),
          .rows = v.count("rows"),
          .columns = v.count("columns"),
          .device_width_bits = v.count("device_width_bits"),
          .devices_per_rank = v.count("devices_per_rank"),
          .burst_length = v.count("burst_length"),
          .transfers_per_clock = v.count("transfers_per_clock")};
}

Timing timing_of(const Values& v) {
  Timing t;
  t.read_latency = v.count("RL");
  t.write_latency = v.count("WL");
  t.tRCDRD = count_or(v, "tRCDRD", v.count("tRCD"));
  t.tRCDWR = count_or(v, "tRCDWR", v.count("tRCD"));
  t.tRPpb = v.count("tRP");
  t.tRPab = count_or(v, "tRPab", t.tRPpb);
  t.tRAS = v.count("tRAS");
  t.tRC = count_or(v, "tRC", t.tRAS + t.tRPpb);
  t.tCCD_S = v.count("tCCD_S");
  t.tCCD_L = v.count("tCCD_L");
  t.tRRD_S = v.count("tRRD_S");
  t.tRRD_L = v.count("tRRD_L");
  t.tFAW = v.count("tFAW");
  t.tWR = v.count("tWR");
  t.tRTP = v.count("tRTP");
  t.tWTR_S = v.count("tWTR_S");
  t.tWTR_L = v.count("tWTR_L");
  t.tRTRS = v.count("tRTRS");
  t.tPPD = v.count("tPPD");
  t.tDQSCK = v.count("tDQSCK");
  t.tDQSS = v.count("tDQSS");
  t.tDQS2DQ = v.count("tDQS2DQ");
  t.tWPRE = v.count("tWPRE");
  t.tRPST = v.count("tRPST");
  t.read_to_write_gap = v.count("read_to_write_gap");
  t.write_recovery_lead = v.count("write_recovery_lead");
  t.tREFI = v.count("tREFI");
  t.tRFCab = v.count("tRFCab");
  t.tREFIpb = v.count("tREFIpb");
  t.tRFCpb = v.count("tRFCpb");
  t.tRREFD = count_or(v, "tRREFD", t.tRRD_S);
  t.tPBR2PBR = count_or(v, "tPBR2PBR", t.tRFCpb);
  return t;
}

Device device_of(const Values& v) {
  Device device;
  device.standard = v.text("standard");
  device.clock_period_ps = v.count("clock_period_ps");
  device.organisation = organisation_of(v.child("organisation"));
  device.timing = timing_of(v.child("timing_cycles"));
  const Values lengths = v.child("command_cycles");
  device.commands = {.activate = lengths.count("activate"),
                     .precharge = lengths.count("precharge"),
                     .column = lengths.count("column"),
                     .refresh = lengths.count("refresh")};
  device.row_and_column_buses = v.flag("row_and_column_buses");
  const Values currents = v.child("currents");
  for (std::size_t i = 0; i < kRailNames.size(); ++i) {
    const Values rail = currents.child(std::string(kRailNames[i]));
    device.rails[i] = {.volts = rail.number("volts"),
                       .idd0_a = rail.number("idd0_a"),
                       .idd2n_a = rail.number("idd2n_a"),
                       .idd3n_a = rail.number("idd3n_a"),
                       .idd4r_a = rail.number("idd4r_a"),
                       .idd4w_a = rail.number("idd4w_a"),
                       .idd5_a = rail.number("idd5_a"),
                       .idd5pb_a = rail.number("idd5pb_a")};
  }
  return device;
}

ControllerParameters controller_of(const Values& v) {
  ControllerParameters c;
  c.channels = v.count("channels");
  c.ranks = v.count("ranks");
  c.address_map = v.text("address_map");
  c.read_queue_depth = v.count("queue_depth");
  c.write_queue_depth = count_or(v, "write_queue_depth", c.read_queue_depth);
  c.write_high_watermark = count_or(v, "write_high_watermark", std::max(1U, c.write_queue_depth * 4 / 5));
  c.write_low_watermark =
      count_or(v, "write_low_watermark", std::min(c.write_queue_depth / 5, c.write_high_watermark - 1));
  c.row_hit_limit = v.count("row_hit_limit");
  c.starvation_limit_cycles = static_cast<std::uint64_t>(v.integer("starvation_limit_cycles"));
  const std::string page = v.text("page_policy");
  c.page_policy = page == "open"     ? PagePolicy::open
                  : page == "closed" ? PagePolicy::closed
                                     : PagePolicy::closed_adaptive;
  const std::string refresh = v.text("refresh");
  c.refresh = refresh == "none"       ? RefreshPolicy::none
              : refresh == "per-bank" ? RefreshPolicy::per_bank
                                      : RefreshPolicy::all_bank;
  c.stagger_refresh = v.flag("stagger_refresh");
  c.address_overflow = v.text("address_overflow") == "wrap" ? OverflowPolicy::wrap : OverflowPolicy::error;
  return c;
}

void check_version(const config::Json& version, const Checker& check) {
  const bool pair = version.is_array() && version.size() == 2 && version[0].is_number_unsigned() &&
                    version[1].is_number_unsigned();
  check.require(pair && version[0] == 1 && version[1] == 0, "/version",
                "expected version [1, 0], found " +
                    version.dump(-1, ' ', true, config::Json::error_handler_t::replace));
}

void check_organisation(const MemoryParameters& m, const Checker& check) {
  const std::string at = "/device/organisation/";
  const Organisation& o = m.device.organisation;
  check.power_of_two(o.bank_groups, at + "bank_groups");
  check.power_of_two(o.banks_per_group, at + "banks_per_group");
  check.power_of_two(o.rows, at + "rows");
  check.power_of_two(o.columns, at + "columns");
  check.power_of_two(o.burst_length, at + "burst_length");
  check.power_of_two(o.transfers_per_clock, at + "transfers_per_clock");
  check.require(o.burst_length >= o.transfers_per_clock, at + "burst_length",
                "a burst is shorter than a clock");
  check.require(o.columns >= o.burst_length, at + "columns", "a row is shorter than a burst");
  const std::uint64_t bits = std::uint64_t{o.burst_length} * o.device_width_bits * o.devices_per_rank;
  check.require(bits % 8 == 0 && std::has_single_bit(bits / 8), at + "device_width_bits",
                fmt::format("a burst of {} bits is not a power of two of bytes", bits));
  check.power_of_two(m.controller.channels, "/controller/channels");
  check.power_of_two(m.controller.ranks, "/controller/ranks");
}

void check_refresh(const MemoryParameters& m, const Checker& check) {
  const std::string at = "/device/timing_cycles/";
  const Timing& t = m.device.timing;
  // A rank serves accesses between two refreshes only if closing, refreshing and opening fit in between.
  const std::uint32_t around = t.tRAS + t.tRPab + t.tRCDRD + t.tWR + t.write_latency + 64;
  if (m.controller.refresh == RefreshPolicy::all_bank) {
    check.require(t.tREFI > 0 && t.tRFCab > 0, "/controller/refresh",
                  "all-bank refresh needs tREFI and tRFCab of the device");
    check.require(
        t.tREFI > t.tRFCab + around, at + "tREFI",
        fmt::format("tREFI {} leaves no time for accesses: a refresh takes {} and closing and opening {}",
                    t.tREFI, t.tRFCab, around));
  } else if (m.controller.refresh == RefreshPolicy::per_bank) {
    check.require(t.tREFIpb > 0 && t.tRFCpb > 0, "/controller/refresh",
                  "per-bank refresh needs tREFIpb and tRFCpb of the device");
    const std::uint32_t least = std::max(t.tPBR2PBR, t.tRRD_S) + t.tRAS;
    check.require(t.tREFIpb > least, at + "tREFIpb",
                  fmt::format("tREFIpb {} is shorter than the {} clocks between two refreshes of a rank",
                              t.tREFIpb, least));
    check.require(std::uint64_t{t.tREFIpb} * m.device.organisation.banks() > std::uint64_t{t.tRFCpb} + around,
                  at + "tRFCpb", "a bank spends all its time refreshing");
  }
}

void check(const MemoryParameters& m, const Checker& check) {
  check_organisation(m, check);
  check.require(m.device.commands.activate >= m.device.commands.refresh, "/device/command_cycles/refresh",
                "a refresh command longer than an activate is not modelled");
  check.require(m.device.timing.tRC >= m.device.timing.tRAS, "/device/timing_cycles/tRC",
                "tRC is shorter than tRAS");
  check_refresh(m, check);
  const auto& c = m.controller;
  check.require(c.write_high_watermark <= c.write_queue_depth, "/controller/write_high_watermark",
                fmt::format("the high watermark {} is above the write queue's depth {}",
                            c.write_high_watermark, c.write_queue_depth));
  check.require(c.write_low_watermark < c.write_high_watermark, "/controller/write_low_watermark",
                fmt::format("the low watermark {} is not below the high one, {}", c.write_low_watermark,
                            c.write_high_watermark));
  // The map's own errors are thrown by its constructor.
  AddressMap(c.address_map, m.device.organisation, c.channels, c.ranks,
             check.where("/controller/address_map"));
}

}  // namespace

MemoryConfiguration read_device(const config::Document& document) {
  const Values values = config::read(document, "", device_declaration());
  const Checker checker(document);
  check_version(values.json().at("version"), checker);
  MemoryConfiguration out{.parameters = {.name = values.text("name"),
                                         .device = device_of(values.child("device")),
                                         .controller = controller_of(values.child("controller"))},
                          .echo = values.json()};
  check(out.parameters, checker);
  return out;
}

}  // namespace heddle::dram
