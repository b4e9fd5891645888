// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/timing_state.h"

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::dram {
namespace {

// Always stores, because a branch on which of the two is later is unpredictable.
void raise(Cycle& earliest, Cycle to) {
  earliest = std::max(earliest, to);
}

}  // namespace

TimingState::TimingState(const Device& device, std::uint32_t ranks)
    : rules_(device),
      split_buses_(device.row_and_column_buses),
      banks_per_rank_(device.organisation.banks()),
      group_shift_(ceil_log2(device.organisation.banks_per_group)),
      banks_(std::size_t{ranks} * banks_per_rank_),
      ranks_(ranks) {
  for (auto& groups : groups_) groups.resize(std::size_t{ranks} * device.organisation.bank_groups);
  for (std::uint32_t b = 0; b < banks_.size(); ++b) {
    banks_[b].rank = b / banks_per_rank_;
  }
}

Cycle TimingState::earliest_precharge_all(std::uint32_t rank) const {
  Cycle at = std::max(ranks_[rank].at[kPrecharge], bus_[kPrecharge]);
  for (std::uint32_t b = rank * banks_per_rank_; b < (rank + 1) * banks_per_rank_; ++b) {
    raise(at, banks_[b].at[kPrecharge]);  // closed ones too: an automatic precharge may lie ahead
  }
  return at;
}

Cycle TimingState::earliest_refresh_all(std::uint32_t rank) const {
  Cycle at = bus_[kPrecharge];
  for (std::uint32_t b = rank * banks_per_rank_; b < (rank + 1) * banks_per_rank_; ++b) {
    raise(at, banks_[b].at[kActivate] + rules_.activate_to_refresh);
  }
  return at;
}

// A refresh of one bank opens a row in the device, so it keeps the distances between activates of its rank.
Cycle TimingState::earliest_refresh_bank(std::uint32_t bank) const {
  const Bank& b = banks_[bank];
  const Rank& r = ranks_[b.rank];
  const Cycle activate = std::max(b.at[kActivate], r.four_activates[r.oldest_activate]);
  return std::max({activate + rules_.activate_to_refresh, r.refresh_bank, bus_[kPrecharge]});
}

void TimingState::hold_row_bus(Cycle until) {
  bus_[kActivate] = bus_[kPrecharge] = until;
  if (!split_buses_) bus_[kRead] = bus_[kWrite] = until;
}

void TimingState::hold_column_bus(Cycle until) {
  bus_[kRead] = bus_[kWrite] = until;
  if (!split_buses_) bus_[kActivate] = bus_[kPrecharge] = until;
}

void TimingState::count_activate(Rank& rank, Cycle at) const {
  rank.four_activates[rank.oldest_activate] = at + rules_.four_activates;
  rank.oldest_activate = (rank.oldest_activate + 1) % 4;
  raise(rank.at[kActivate], rank.four_activates[rank.oldest_activate]);
}

void TimingState::activate(std::uint32_t bank, std::uint32_t row, Cycle at) {
  Bank& b = banks_[bank];
  Rank& r = ranks_[b.rank];
  HEDDLE_CHECK(b.open_row == kClosed, "an activate of an open bank");
  b.open_row = row;
  b.columns = 0;
  b.at[kActivate] = at + rules_.activate_activate_bank;
  raise(b.at[kPrecharge], at + rules_.activate_precharge);
  raise(b.at[kRead], at + rules_.activate_read);
  raise(b.at[kWrite], at + rules_.activate_write);
  raise(groups_[kActivate][group_of(bank)], at + rules_.activate_activate_l);
  raise(r.at[kActivate], at + rules_.activate_activate_s);
  raise(r.refresh_bank, at + rules_.activate_refresh_bank);
  count_activate(r, at);
  if (r.open_banks++ == 0) r.open_since = std::max(at, r.open_until);
  hold_row_bus(at + rules_.activate_length);
}

void TimingState::close(Bank& bank, Cycle at) {
  Rank& r = ranks_[bank.rank];
  bank.open_row = kClosed;
  raise(r.open_until, at);
  if (--r.open_banks == 0) r.active_cycles += r.open_until - r.open_since;
}

void TimingState::precharge(std::uint32_t bank, Cycle at) {
  Bank& b = banks_[bank];
  HEDDLE_CHECK(b.open_row != kClosed, "a precharge of a closed bank");
  raise(b.at[kActivate], at + rules_.precharge_activate);
  raise(ranks_[b.rank].at[kPrecharge], at + rules_.precharge_precharge);
  close(b, at);
  hold_row_bus(at + rules_.precharge_length);
}

void TimingState::precharge_all(std::uint32_t rank, Cycle at) {
  for (std::uint32_t i = rank * banks_per_rank_; i < (rank + 1) * banks_per_rank_; ++i) {
    Bank& b = banks_[i];
    if (b.open_row == kClosed) continue;
    raise(b.at[kActivate], at + rules_.precharge_all_activate);
    close(b, at);
  }
  raise(ranks_[rank].at[kPrecharge], at + rules_.precharge_precharge);
  hold_row_bus(at + rules_.precharge_length);
}

void TimingState::column(std::uint32_t bank, bool write, bool auto_precharge, Cycle at) {
  Bank& b = banks_[bank];
  const std::uint32_t g = group_of(bank);
  Times& r = ranks_[b.rank].at;
  HEDDLE_CHECK(b.open_row != kClosed, "a column command to a closed bank");
  ++b.columns;
  if (write) {
    raise(groups_[kRead][g], at + rules_.write_read_l);
    raise(groups_[kWrite][g], at + rules_.write_write_l);
    raise(r[kRead], at + rules_.write_read_s);
    raise(r[kWrite], at + rules_.write_write_s);
    raise(b.at[kPrecharge], at + rules_.write_precharge);
  } else {
    raise(groups_[kRead][g], at + rules_.read_read_l);
    raise(r[kRead], at + rules_.read_read_s);
    raise(r[kWrite], at + rules_.read_write);
    raise(b.at[kPrecharge], at + rules_.read_precharge);
  }
  for (Rank& rank : ranks_) {
    if (&rank.at == &r) continue;
    raise(rank.at[kRead], at + (write ? rules_.write_read_o : rules_.read_read_o));
    raise(rank.at[kWrite], at + (write ? rules_.write_write_o : rules_.read_write_o));
  }
  hold_column_bus(at + rules_.column_length);
  if (auto_precharge) {
    // The device starts it by itself as soon as tRAS and tRTP or tWR allow, without a command.
    const Cycle start = b.at[kPrecharge];
    raise(b.at[kActivate], start + rules_.precharge_activate);
    close(b, start);
  }
}

void TimingState::refresh_all(std::uint32_t rank, Cycle at) {
  HEDDLE_CHECK(!any_open(rank), "a refresh of a rank with an open bank");
  for (std::uint32_t b = rank * banks_per_rank_; b < (rank + 1) * banks_per_rank_; ++b) {
    raise(banks_[b].at[kActivate], at + rules_.refresh_activate);
  }
  hold_row_bus(at + rules_.refresh_length);
}

void TimingState::refresh_bank(std::uint32_t bank, Cycle at) {
  Bank& b = banks_[bank];
  Rank& r = ranks_[b.rank];
  HEDDLE_CHECK(b.open_row == kClosed, "a refresh of an open bank");
  raise(b.at[kActivate], at + rules_.refresh_bank_activate);
  raise(r.at[kActivate], at + rules_.refresh_bank_activate_other);
  raise(r.refresh_bank, at + rules_.refresh_bank_refresh_bank);
  count_activate(r, at);
  hold_row_bus(at + rules_.refresh_length);
}

std::uint64_t TimingState::active_cycles(Cycle until) const {
  std::uint64_t total = 0;
  for (const Rank& r : ranks_) {
    total += r.active_cycles;
    if (r.open_banks > 0 && until > r.open_since) total += until - r.open_since;
  }
  return total;
}

}  // namespace heddle::dram
