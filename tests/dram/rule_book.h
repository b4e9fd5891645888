// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "sim/dram/command.h"

namespace dram_test {

using heddle::dram::Command;
using heddle::dram::Cycle;
using heddle::dram::Device;
using heddle::dram::Issued;

// The timing rules a second time, from the raw parameters: one sentence per rule, one look back per pair of
// commands. It is slow and shares only the parameters with the controller's tables.
class RuleBook {
 public:
  RuleBook(Device device, std::uint32_t ranks) : device_(std::move(device)), ranks_(ranks) {}

  // The rule that `next` breaks, or nothing where it breaks none.
  std::optional<std::string> violation(const Issued& next) const {
    if (auto state = wrong_state(next)) return state;
    for (const auto& past : history_) {
      const Cycle apart = least_distance(past, next);
      if (next.cycle < past.cycle + apart) {
        return fmt::format("{} at {} of bank {}: {} at {} of bank {} asks for {} clocks",
                           name_of(next.command), next.cycle, next.bank, name_of(past.command), past.cycle,
                           past.bank, apart);
      }
    }
    return four_activates(next);
  }

  void record(const Issued& command) {
    history_.push_back(command);
    while (history_.front().cycle + kMemory < command.cycle) history_.pop_front();
    if (counts_as_activate(command.command)) activates_[command.rank].push_back(command.cycle);
    const auto one_bank = [&](std::optional<std::uint32_t> row) { open_[command.bank] = row; };
    if (command.command == Command::activate) one_bank(command.row);
    if (command.command == Command::precharge || closes_itself(command.command)) one_bank(std::nullopt);
    if (command.command != Command::precharge_all) return;
    for (std::uint32_t b = 0; b < banks(); ++b) open_[command.rank * banks() + b] = std::nullopt;
  }

  std::optional<std::uint32_t> open_row(std::uint32_t bank) const {
    const auto found = open_.find(bank);
    return found == open_.end() ? std::nullopt : found->second;
  }

 private:
  static constexpr Cycle kMemory =
      1000;  // clocks: longer than any distance of the shipped devices (tRFC 812)

  std::uint32_t banks() const { return device_.organisation.banks(); }
  std::uint32_t group(const Issued& c) const { return c.bank / device_.organisation.banks_per_group; }
  static bool counts_as_activate(Command c) { return c == Command::activate || c == Command::refresh_bank; }
  static bool for_whole_rank(Command c) { return c == Command::precharge_all || c == Command::refresh_all; }
  static bool is_refresh(Command c) { return c == Command::refresh_all || c == Command::refresh_bank; }
  static bool is_precharge(Command c) { return c == Command::precharge || c == Command::precharge_all; }

  Cycle length(Command c) const {
    if (is_column(c)) return device_.commands.column;
    if (is_precharge(c)) return device_.commands.precharge;
    return is_refresh(c) ? device_.commands.refresh : device_.commands.activate;
  }
  bool same_bus(Command a, Command b) const {
    return !device_.row_and_column_buses || is_column(a) == is_column(b);
  }

  std::optional<std::string> wrong_state(const Issued& next) const {
    const auto say = [&](const char* what) {
      return fmt::format("{} at {}: {}", name_of(next.command), next.cycle, what);
    };
    if (next.command == Command::activate && open_row(next.bank)) return say("the bank is open");
    if (next.command == Command::refresh_bank && open_row(next.bank)) return say("the bank is open");
    if (next.command == Command::precharge && !open_row(next.bank)) return say("the bank is closed");
    if (is_column(next.command) && open_row(next.bank) != next.row)
      return say("another row is open, or none");
    if (next.command == Command::refresh_all) {
      for (std::uint32_t b = 0; b < banks(); ++b) {
        if (open_row(next.rank * banks() + b)) return say("a bank of the rank is open");
      }
    }
    return std::nullopt;
  }

  // Converts a distance between last clocks to one between starts.
  Cycle starts(std::int64_t last_clocks, Command from, Command to) const {
    const auto apart =
        last_clocks + static_cast<std::int64_t>(length(from)) - static_cast<std::int64_t>(length(to));
    return static_cast<Cycle>(std::max<std::int64_t>(apart, 0));
  }

  Cycle least_distance(const Issued& past, const Issued& next) const {
    Cycle apart = same_bus(past.command, next.command) ? length(past.command) : 0;
    apart =
        std::max(apart, is_column(past.command) && is_column(next.command) ? data_distance(past, next) : 0);
    if (past.rank != next.rank) return apart;
    const bool same_bank = past.bank == next.bank;
    const bool touches = same_bank || for_whole_rank(past.command) || for_whole_rank(next.command);
    apart = std::max(apart, rank_distance(past, next));
    return touches ? std::max(apart, bank_distance(past, next)) : apart;
  }

  // Pairs that share the data pins.
  Cycle data_distance(const Issued& past, const Issued& next) const {
    const auto& t = device_.timing;
    const std::int64_t burst = device_.organisation.burst_cycles();
    const std::int64_t read_data = std::int64_t{t.read_latency} + t.tDQSCK;
    const std::int64_t write_data = t.write_latency;
    const std::int64_t from = is_write(past.command) ? write_data : read_data;
    const std::int64_t to = is_write(next.command) ? write_data : read_data;
    std::int64_t idle = 0;
    if (past.rank != next.rank) {
      idle = t.tRTRS;
    } else if (!is_write(past.command) && is_write(next.command)) {
      idle = t.tRPST + t.tWPRE + t.read_to_write_gap;
    }
    return static_cast<Cycle>(std::max<std::int64_t>(from + burst + idle - to, 0));
  }

  Cycle rank_distance(const Issued& past, const Issued& next) const {
    const auto& t = device_.timing;
    const bool same_group = group(past) == group(next);
    if (past.command == Command::activate && next.command == Command::activate)
      return same_group ? t.tRRD_L : t.tRRD_S;
    if (past.command == Command::activate && next.command == Command::refresh_bank) {
      return starts(t.tRRD_S, past.command, next.command);
    }
    if (past.command == Command::refresh_bank && next.command == Command::activate) {
      return starts(t.tRREFD, past.command, next.command);
    }
    if (past.command == Command::refresh_bank && next.command == Command::refresh_bank) return t.tPBR2PBR;
    if (is_precharge(past.command) && is_precharge(next.command)) return t.tPPD;
    if (!is_column(past.command) || !is_column(next.command)) return 0;
    if (is_write(past.command) == is_write(next.command)) return same_group ? t.tCCD_L : t.tCCD_S;
    if (!is_write(past.command)) return 0;
    const Cycle data = t.write_latency + device_.organisation.burst_cycles() + t.write_recovery_lead;
    return data + (same_group ? t.tWTR_L : t.tWTR_S);
  }

  // From a column command until its bank may be precharged.
  std::int64_t recovery(Command column) const {
    const auto& t = device_.timing;
    if (!is_write(column)) return t.tRTP;
    return std::int64_t{t.write_latency} + device_.organisation.burst_cycles() + t.write_recovery_lead +
           t.tWR;
  }

  Cycle bank_distance(const Issued& past, const Issued& next) const {
    const auto& t = device_.timing;
    const bool reopens = next.command == Command::activate || is_refresh(next.command);
    if (past.command == Command::activate) {
      if (reopens) return starts(t.tRC, past.command, next.command);
      if (is_precharge(next.command)) return starts(t.tRAS, past.command, next.command);
      if (is_column(next.command))
        return starts(is_write(next.command) ? t.tRCDWR : t.tRCDRD, past.command, next.command);
    }
    if (is_column(past.command)) {
      if (is_precharge(next.command)) return starts(recovery(past.command), past.command, next.command);
      // An automatic precharge acts like a precharge at its earliest instant.
      if (reopens && closes_itself(past.command)) {
        return starts(recovery(past.command), past.command, Command::precharge) +
               starts(t.tRPpb, Command::precharge, next.command);
      }
    }
    if (is_precharge(past.command) && reopens) {
      return starts(past.command == Command::precharge ? t.tRPpb : t.tRPab, past.command, next.command);
    }
    if (is_refresh(past.command) && reopens) {
      return starts(past.command == Command::refresh_all ? t.tRFCab : t.tRFCpb, past.command, next.command);
    }
    return 0;
  }

  std::optional<std::string> four_activates(const Issued& next) const {
    if (!counts_as_activate(next.command)) return std::nullopt;
    const auto found = activates_.find(next.rank);
    if (found == activates_.end() || found->second.size() < 4) return std::nullopt;
    const Cycle fourth = found->second[found->second.size() - 4];
    const Cycle longer =
        next.command == Command::refresh_bank ? device_.commands.activate - device_.commands.refresh : 0;
    if (next.cycle >= fourth + device_.timing.tFAW + longer) return std::nullopt;
    return fmt::format("{} at {}: the fifth activate since {}", name_of(next.command), next.cycle, fourth);
  }

  Device device_;
  std::uint32_t ranks_;
  std::deque<Issued> history_;
  std::map<std::uint32_t, std::optional<std::uint32_t>> open_;
  std::map<std::uint32_t, std::deque<Cycle>> activates_;
};

}  // namespace dram_test
