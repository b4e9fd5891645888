// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/dram/device.h"

namespace heddle::dram {

enum class Command : std::uint8_t {
  activate,
  precharge,
  precharge_all,  // every bank of a rank
  read,
  write,
  read_precharge,  // closes its row by itself
  write_precharge,
  refresh_all,
  refresh_bank
};

constexpr bool is_column(Command c) {
  return c >= Command::read && c <= Command::write_precharge;
}
constexpr bool is_write(Command c) {
  return c == Command::write || c == Command::write_precharge;
}
constexpr bool closes_itself(Command c) {
  return c == Command::read_precharge || c == Command::write_precharge;
}
constexpr std::string_view name_of(Command c) {
  constexpr std::string_view kNames[] = {"ACT", "PRE", "PREA", "RD", "WR", "RDA", "WRA", "REFab", "REFpb"};
  return kNames[static_cast<std::size_t>(c)];
}

// The tag of a command that no request asked for: a refresh, or a precharge for one.
inline constexpr std::uint64_t kNoTag = ~std::uint64_t{0};

// One command at the device. Row, column and `offered` are set for column commands only.
struct Issued {
  Command command = Command::activate;
  Cycle cycle = 0;
  std::uint32_t channel = 0;
  std::uint32_t rank = 0;
  std::uint32_t bank = 0;  // in its channel: (rank * bank groups + group) * banks per group + bank
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  std::uint64_t tag = kNoTag;  // given by the requester whose request the command serves
  bool is_row_hit = false;     // a column command that needed no activate of its own
  Cycle offered = 0;           // when the requester wanted it
  Cycle data_end = 0;          // when its last data word has crossed the pins
};

// Additive over channels. Cycles are clocks of the memory.
struct ChannelCounters {
  std::uint64_t activates = 0;
  std::uint64_t precharges = 0;  // PRE, automatic ones, and one per bank that a PREA closes
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t row_hits = 0;  // column commands that needed no activate of their own
  std::uint64_t refreshes_all_bank = 0;
  std::uint64_t refreshes_per_bank = 0;
  std::uint64_t rank_active_cycles = 0;  // summed over ranks: at least one row open

  ChannelCounters& operator+=(const ChannelCounters& o) {
    activates += o.activates;
    precharges += o.precharges;
    reads += o.reads;
    writes += o.writes;
    row_hits += o.row_hits;
    refreshes_all_bank += o.refreshes_all_bank;
    refreshes_per_bank += o.refreshes_per_bank;
    rank_active_cycles += o.rank_active_cycles;
    return *this;
  }
  friend bool operator==(const ChannelCounters&, const ChannelCounters&) = default;
};

}  // namespace heddle::dram
