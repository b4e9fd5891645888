// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace heddle::dram {

// An instant in clocks of the memory's command clock, the unit of time in this folder.
using Cycle = std::uint64_t;
inline constexpr Cycle kNever = std::numeric_limits<Cycle>::max();

// Organisation of one rank of one channel. Every count is a power of two.
struct Organisation {
  std::uint32_t bank_groups = 1;
  std::uint32_t banks_per_group = 1;
  std::uint32_t rows = 1;
  std::uint32_t columns = 1;  // words of device_width_bits in a row
  std::uint32_t device_width_bits = 8;
  std::uint32_t devices_per_rank = 1;
  std::uint32_t burst_length = 8;         // words that a column command moves
  std::uint32_t transfers_per_clock = 2;  // double data rate

  [[nodiscard]] std::uint32_t banks() const { return bank_groups * banks_per_group; }
  [[nodiscard]] std::uint32_t burst_bytes() const {
    return burst_length * device_width_bits * devices_per_rank / 8;
  }
  [[nodiscard]] std::uint32_t bursts_per_row() const { return columns / burst_length; }
  [[nodiscard]] std::uint32_t burst_cycles() const { return burst_length / transfers_per_clock; }
  [[nodiscard]] std::uint64_t rank_bytes() const {
    return std::uint64_t{rows} * banks() * bursts_per_row() * burst_bytes();
  }
};

// For how many clocks a command occupies its bus. Standards count distances from a command's last clock, so
// these lengths change the distances between starts (timing_rules.cpp).
struct CommandLengths {
  std::uint32_t activate = 1;
  std::uint32_t precharge = 1;
  std::uint32_t column = 1;
  std::uint32_t refresh = 1;
};

// The standard's parameters, in clocks. Names are the standards' own.
struct Timing {
  std::uint32_t read_latency = 0;   // RL: read to first data
  std::uint32_t write_latency = 0;  // WL: write to first data
  std::uint32_t tRCDRD = 0;
  std::uint32_t tRCDWR = 0;
  std::uint32_t tRPpb = 0;
  std::uint32_t tRPab = 0;
  std::uint32_t tRAS = 0;
  std::uint32_t tRC = 0;
  std::uint32_t tCCD_S = 0;
  std::uint32_t tCCD_L = 0;
  std::uint32_t tRRD_S = 0;
  std::uint32_t tRRD_L = 0;
  std::uint32_t tFAW = 0;
  std::uint32_t tWR = 0;
  std::uint32_t tRTP = 0;
  std::uint32_t tWTR_S = 0;
  std::uint32_t tWTR_L = 0;
  std::uint32_t tRTRS = 0;
  std::uint32_t tPPD = 0;
  std::uint32_t tDQSCK = 0;
  std::uint32_t tDQSS = 0;
  std::uint32_t tDQS2DQ = 0;
  std::uint32_t tWPRE = 0;
  std::uint32_t tRPST = 0;
  std::uint32_t read_to_write_gap = 0;    // idle clocks beyond tWPRE and tRPST
  std::uint32_t write_recovery_lead = 0;  // the "+1" before tWR and tWTR in LPDDR4's formulas
  std::uint32_t tREFI = 0;
  std::uint32_t tRFCab = 0;
  std::uint32_t tREFIpb = 0;  // 0: the device has no per-bank refresh
  std::uint32_t tRFCpb = 0;
  std::uint32_t tRREFD = 0;    // per-bank refresh to activate of another bank
  std::uint32_t tPBR2PBR = 0;  // per-bank refresh to per-bank refresh of another bank
};

// Currents of one supply of one device, in ampere; all zero when the source has none.
struct Rail {
  double volts = 0;
  double idd0_a = 0;
  double idd2n_a = 0;
  double idd3n_a = 0;
  double idd4r_a = 0;
  double idd4w_a = 0;
  double idd5_a = 0;
  double idd5pb_a = 0;  // average while one bank is refreshed per tREFIpb; 0: not given
};
inline constexpr std::array<std::string_view, 4> kRailNames{"vdd", "vdd1", "vdd2", "vddq"};

struct Device {
  std::string standard;
  std::uint32_t clock_period_ps = 0;
  Organisation organisation;
  CommandLengths commands;
  bool row_and_column_buses = false;  // HBM: activates and column commands do not share a bus
  Timing timing;
  std::array<Rail, kRailNames.size()> rails;

  [[nodiscard]] bool has_energy() const {
    for (const auto& rail : rails) {
      if (rail.volts * rail.idd4r_a > 0) return true;
    }
    return false;
  }
};

enum class PagePolicy { open, closed, closed_adaptive };
enum class RefreshPolicy { none, all_bank, per_bank };
enum class OverflowPolicy { error, wrap };

// The controller's parameters. They affect results as much as the device does, so each is explicit.
struct ControllerParameters {
  std::uint32_t channels = 1;
  std::uint32_t ranks = 1;
  std::string address_map;
  std::uint32_t read_queue_depth = 32;
  std::uint32_t write_queue_depth = 32;
  std::uint32_t write_high_watermark = 26;
  std::uint32_t write_low_watermark = 6;
  std::uint32_t row_hit_limit = 16;               // 0: none
  std::uint64_t starvation_limit_cycles = 10000;  // 0: none
  PagePolicy page_policy = PagePolicy::open;
  RefreshPolicy refresh = RefreshPolicy::all_bank;
  bool stagger_refresh = true;  // ranks refresh one after the other
  OverflowPolicy address_overflow = OverflowPolicy::error;
};

struct MemoryParameters {
  std::string name;
  Device device;
  ControllerParameters controller;

  [[nodiscard]] std::uint64_t capacity_bytes() const {
    return device.organisation.rank_bytes() * controller.ranks * controller.channels;
  }
};

// The place of one burst.
struct Location {
  std::uint32_t channel = 0;
  std::uint32_t rank = 0;
  std::uint32_t bank_group = 0;
  std::uint32_t bank = 0;  // in its group
  std::uint32_t row = 0;
  std::uint32_t column = 0;  // in bursts
  friend bool operator==(const Location&, const Location&) = default;
};

}  // namespace heddle::dram
