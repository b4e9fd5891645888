// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "sim/hw/dram/command.h"
#include "sim/hw/dram/timing_rules.h"

namespace heddle::dram {

// The earliest instant of every command on every bank of one channel, kept level by level (bank, bank
// group, rank, bus): issuing touches a few of them, asking is a handful of maxima.
class TimingState {
 public:
  static constexpr std::uint32_t kClosed = 0xffffffff;

  TimingState(const Device& device, std::uint32_t ranks);

  [[nodiscard]] std::uint32_t banks() const { return static_cast<std::uint32_t>(banks_.size()); }
  [[nodiscard]] std::uint32_t banks_per_rank() const { return banks_per_rank_; }
  [[nodiscard]] std::uint32_t banks_per_group() const { return banks_per_group_; }
  [[nodiscard]] std::uint32_t ranks() const { return static_cast<std::uint32_t>(ranks_.size()); }
  [[nodiscard]] std::uint32_t rank_of(std::uint32_t bank) const { return bank / banks_per_rank_; }
  [[nodiscard]] std::uint32_t open_row(std::uint32_t bank) const { return banks_[bank].open_row; }
  [[nodiscard]] std::uint32_t columns_since_activate(std::uint32_t bank) const { return banks_[bank].columns; }
  [[nodiscard]] std::uint32_t open_banks(std::uint32_t rank) const { return ranks_[rank].open_banks; }
  [[nodiscard]] bool any_open(std::uint32_t rank) const { return open_banks(rank) > 0; }

  [[nodiscard]] Cycle earliest_activate(std::uint32_t bank) const {
    const Bank& b = banks_[bank];
    const Rank& r = ranks_[b.rank];
    return std::max({b.activate, groups_[b.group].activate, r.activate, r.four_activates[r.oldest_activate], row_bus_});
  }
  [[nodiscard]] Cycle earliest_precharge(std::uint32_t bank) const {
    const Bank& b = banks_[bank];
    return std::max({b.precharge, ranks_[b.rank].precharge, row_bus_});
  }
  [[nodiscard]] Cycle earliest_read(std::uint32_t bank) const {
    const Bank& b = banks_[bank];
    return std::max({b.read, groups_[b.group].read, ranks_[b.rank].read, column_bus()});
  }
  [[nodiscard]] Cycle earliest_write(std::uint32_t bank) const {
    const Bank& b = banks_[bank];
    return std::max({b.write, groups_[b.group].write, ranks_[b.rank].write, column_bus()});
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
    Cycle activate = 0, precharge = 0, read = 0, write = 0;
    std::uint32_t open_row = kClosed;
    std::uint32_t columns = 0;
    std::uint32_t rank = 0, group = 0;
  };
  struct Group {
    Cycle activate = 0, read = 0, write = 0;
  };
  struct Rank {
    Cycle activate = 0, precharge = 0, read = 0, write = 0, refresh_bank = 0;
    std::array<Cycle, 4> four_activates{};  // when a fifth activate may follow each of the last four
    std::uint32_t oldest_activate = 0;
    std::uint32_t open_banks = 0;
    Cycle open_since = 0;
    Cycle open_until = 0;  // latest close, possibly ahead: an automatic precharge is known before it starts
    std::uint64_t active_cycles = 0;
  };
  [[nodiscard]] Cycle column_bus() const { return split_buses_ ? column_bus_ : row_bus_; }
  void count_activate(Rank& rank, Cycle at);
  void close(Bank& bank, Cycle at);

  TimingRules rules_;
  bool split_buses_;
  std::uint32_t banks_per_rank_;
  std::uint32_t banks_per_group_;
  Cycle row_bus_ = 0;  // also the only bus, where columns have none of their own
  Cycle column_bus_ = 0;
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
  std::vector<Rank> ranks_;
};

}  // namespace heddle::dram
