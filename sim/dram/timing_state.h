// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "sim/dram/command.h"
#include "sim/dram/timing_rules.h"

namespace heddle::dram {

// The earliest instant of every command on every bank of one channel, kept per bank, bank group, rank and
// bus: issuing updates a few of them, a query is a few maxima. No instant ever goes back.
class TimingState {
 public:
  static constexpr std::uint32_t kClosed = 0xffffffff;

  TimingState(const Device& device, std::uint32_t ranks);

  [[nodiscard]] std::uint32_t banks() const { return static_cast<std::uint32_t>(banks_.size()); }
  [[nodiscard]] std::uint32_t banks_per_rank() const { return banks_per_rank_; }
  [[nodiscard]] std::uint32_t banks_per_group() const { return std::uint32_t{1} << group_shift_; }
  [[nodiscard]] std::uint32_t ranks() const { return static_cast<std::uint32_t>(ranks_.size()); }
  [[nodiscard]] std::uint32_t rank_of(std::uint32_t bank) const { return banks_[bank].rank; }
  [[nodiscard]] std::uint32_t open_row(std::uint32_t bank) const { return banks_[bank].open_row; }
  [[nodiscard]] std::uint32_t columns_since_activate(std::uint32_t bank) const {
    return banks_[bank].columns;
  }
  [[nodiscard]] std::uint32_t open_banks(std::uint32_t rank) const { return ranks_[rank].open_banks; }
  [[nodiscard]] bool any_open(std::uint32_t rank) const { return open_banks(rank) > 0; }

  // The four commands that requests take, as indices of the tables below.
  enum CommandKind : std::uint8_t { kActivate, kPrecharge, kRead, kWrite };
  using Times = std::array<Cycle, 4>;  // by CommandKind
  // The constraints of bank groups and rank on one command; a bank adds its own.
  struct Limits {
    const Cycle* groups;  // by bank group, of all ranks
    Cycle floor;          // constraints common to all banks of the rank: rank, buses, the present
    [[nodiscard]] Cycle at(Cycle bank_ready, std::uint32_t group) const {
      return std::max(std::max(bank_ready, groups[group]), floor);
    }
  };
  [[nodiscard]] Limits limits(CommandKind command, std::uint32_t rank, Cycle now) const {
    return {groups_[command].data(), std::max(std::max(ranks_[rank].at[command], bus_[command]), now)};
  }
  [[nodiscard]] Cycle of_bank(CommandKind command, std::uint32_t bank) const {
    return banks_[bank].at[command];
  }
  [[nodiscard]] std::uint32_t group_of(std::uint32_t bank) const { return bank >> group_shift_; }
  [[nodiscard]] Cycle earliest(CommandKind command, std::uint32_t bank, Cycle now) const {
    return limits(command, rank_of(bank), now).at(of_bank(command, bank), group_of(bank));
  }
  [[nodiscard]] Cycle earliest_precharge_all(std::uint32_t rank) const;
  [[nodiscard]] Cycle earliest_refresh_all(std::uint32_t rank) const;   // all banks closed
  [[nodiscard]] Cycle earliest_refresh_bank(std::uint32_t bank) const;  // this bank closed

  void activate(std::uint32_t bank, std::uint32_t row, Cycle at);
  void precharge(std::uint32_t bank, Cycle at);
  void precharge_all(std::uint32_t rank, Cycle at);
  void column(std::uint32_t bank, bool write, bool auto_precharge, Cycle at);
  void refresh_all(std::uint32_t rank, Cycle at);
  void refresh_bank(std::uint32_t bank, Cycle at);

  // Rank cycles with a row open, up to `until`.
  [[nodiscard]] std::uint64_t active_cycles(Cycle until) const;
  [[nodiscard]] const TimingRules& rules() const { return rules_; }

 private:
  struct Bank {
    Times at{};
    std::uint32_t open_row = kClosed;
    std::uint32_t columns = 0;
    std::uint32_t rank = 0;
  };
  struct Rank {
    Times at{};
    Cycle refresh_bank = 0;
    std::array<Cycle, 4> four_activates{};  // when a fifth activate may follow each of the last four
    std::uint32_t oldest_activate = 0;
    std::uint32_t open_banks = 0;
    Cycle open_since = 0;
    Cycle open_until =
        0;  // the latest close, which may lie ahead: an automatic precharge is known before it starts
    std::uint64_t active_cycles = 0;
  };
  void hold_row_bus(Cycle until);
  void hold_column_bus(Cycle until);
  void count_activate(Rank& rank, Cycle at) const;
  void close(Bank& bank, Cycle at);

  TimingRules rules_;
  bool split_buses_;
  std::uint32_t banks_per_rank_;
  unsigned group_shift_;
  Times bus_{};
  std::vector<Bank> banks_;
  std::array<std::vector<Cycle>, 4> groups_;  // by CommandKind, then by bank group
  std::vector<Rank> ranks_;
};

}  // namespace heddle::dram
