// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/dram/rule_book.h"
#include "tests/dram/support.h"

namespace dram_test {

// One channel's controller, clock by clock: in each clock it applies the policy of docs/dram.md and asks the
// rule book whether a command is legal. It is hundreds of times slower than the product and written to be
// read.
class NaiveController {
 public:
  explicit NaiveController(const MemoryParameters& m)
      : m_(m),
        map_(m.controller.address_map, m.device.organisation, 1, m.controller.ranks, "test"),
        book_(m.device, m.controller.ranks) {
    const auto& c = m.controller;
    const bool per_bank = c.refresh == heddle::dram::RefreshPolicy::per_bank;
    interval_ = per_bank ? m.device.timing.tREFIpb : m.device.timing.tREFI;
    for (Cycle r = 0; r < c.ranks; ++r) {
      due_.push_back(c.refresh == heddle::dram::RefreshPolicy::none ? heddle::dram::kNever
                     : c.stagger_refresh                            ? interval_ * (r + 1) / c.ranks
                                                                    : interval_);
    }
    turn_.assign(c.ranks, 0);
  }

  std::vector<Issued> run(const std::vector<TraceRequest>& requests) {
    std::size_t offered = 0;
    for (Cycle now = 0; offered < requests.size() || !queue_.empty(); ++now) {
      const auto feed = [&] {
        while (offered < requests.size() && requests[offered].cycle <= now &&
               has_room(requests[offered].kind)) {
          accept(requests[offered], offered);
          ++offered;
        }
      };
      feed();
      while (issue_one(now)) feed();
    }
    return out_;
  }

 private:
  struct Waiting {
    Kind kind;
    heddle::dram::Location at;
    std::uint32_t bank;
    std::uint64_t tag;
    Cycle offered;
  };

  std::size_t count(Kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(queue_.begin(), queue_.end(), [&](const Waiting& w) { return w.kind == kind; }));
  }
  bool has_room(Kind kind) const {
    return count(kind) <
           (kind == Kind::read ? m_.controller.read_queue_depth : m_.controller.write_queue_depth);
  }
  void accept(const TraceRequest& request, std::size_t tag) {
    const auto at = map_.locate(request.address);
    const auto& o = m_.device.organisation;
    const std::uint32_t bank = (at.rank * o.bank_groups + at.bank_group) * o.banks_per_group + at.bank;
    queue_.push_back({request.kind, at, bank, tag, request.cycle});
  }
  bool blocked(std::size_t i) const {
    for (std::size_t j = 0; j < i; ++j) {
      if (queue_[j].kind != queue_[i].kind && queue_[j].at == queue_[i].at) return true;
    }
    return false;
  }
  std::size_t count_if(Kind kind, bool want_blocked) const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < queue_.size(); ++i)
      n += queue_[i].kind == kind && blocked(i) == want_blocked ? std::size_t{1} : 0;
    return n;
  }
  void choose_mode() {
    const bool reads = count_if(Kind::read, false) > 0;
    const bool writes = count_if(Kind::write, false) > 0;
    const bool stuck_reads = count_if(Kind::read, true) > 0;
    if (mode_ == Kind::read && writes &&
        (count(Kind::write) >= m_.controller.write_high_watermark || stuck_reads || !reads)) {
      mode_ = Kind::write;
    } else if (mode_ == Kind::write && reads &&
               ((count(Kind::write) <= m_.controller.write_low_watermark && !stuck_reads) || !writes)) {
      mode_ = Kind::read;
    }
  }

  bool legal(Issued command) const { return !book_.violation(command); }
  bool due(std::uint32_t bank, Cycle now) const {
    const std::uint32_t rank = bank / m_.device.organisation.banks();
    if (now < due_[rank]) return false;
    return m_.controller.refresh == heddle::dram::RefreshPolicy::all_bank ||
           bank % m_.device.organisation.banks() == turn_[rank];
  }

  bool issue_one(Cycle now) {
    if (!queue_.empty()) choose_mode();
    for (std::uint32_t r = 0; r < m_.controller.ranks; ++r) {
      if (now >= due_[r] && refresh(r, now)) return true;
    }
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (queue_[i].kind == mode_ && !due(queue_[i].bank, now) && serve(i, now)) return true;
    }
    return false;
  }

  bool refresh(std::uint32_t rank, Cycle now) {
    const std::uint32_t banks = m_.device.organisation.banks();
    const bool all = m_.controller.refresh == heddle::dram::RefreshPolicy::all_bank;
    bool open = false;
    for (std::uint32_t b = 0; b < banks; ++b)
      open = open || ((all || b == turn_[rank]) && book_.open_row(rank * banks + b));
    Issued command{.command = all ? (open ? Command::precharge_all : Command::refresh_all)
                                  : (open ? Command::precharge : Command::refresh_bank),
                   .cycle = now,
                   .rank = rank,
                   .bank = rank * banks + (all ? 0 : turn_[rank])};
    if (!legal(command)) return false;
    emit(command);
    if (!open) {
      due_[rank] += interval_;
      turn_[rank] = (turn_[rank] + 1) % banks;
    }
    return true;
  }

  // The request that this one's bank serves now: its oldest hit, unless the row has reached its limit and an
  // older request waits; otherwise its oldest request.
  std::size_t chosen_of_bank(std::uint32_t bank, bool& hit) const {
    std::size_t oldest = queue_.size();
    std::size_t first_hit = queue_.size();
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (queue_[i].kind != mode_ || queue_[i].bank != bank || blocked(i)) continue;
      if (oldest == queue_.size()) oldest = i;
      if (first_hit == queue_.size() && book_.open_row(bank) == queue_[i].at.row) first_hit = i;
    }
    hit = first_hit != queue_.size();
    const auto limit = m_.controller.row_hit_limit;
    if (hit && first_hit != oldest && limit > 0 && hits_.at(bank) >= limit) hit = false;
    return hit ? first_hit : oldest;
  }

  bool serve(std::size_t i, Cycle now) {
    bool hit = false;
    if (chosen_of_bank(queue_[i].bank, hit) != i) return false;
    const Waiting w = queue_[i];
    Issued command{.cycle = now, .rank = w.at.rank, .bank = w.bank, .row = w.at.row, .tag = w.tag};
    if (!hit) {
      command.command = book_.open_row(w.bank) ? Command::precharge : Command::activate;
      if (command.command == Command::precharge) command.row = 0;
      if (!legal(command)) return false;
      if (command.command == Command::activate) hits_[w.bank] = 0;
      emit(command);
      return true;
    }
    command.command = column_command(i);
    command.column = w.at.column;
    command.offered = w.offered;
    if (!legal(command)) return false;
    ++hits_[w.bank];
    const auto& t = m_.device.timing;
    command.data_end =
        now + m_.device.commands.column - 1 + m_.device.organisation.burst_cycles() +
        (w.kind == Kind::read ? t.read_latency + t.tDQSCK : t.write_latency + t.tDQSS + t.tDQS2DQ);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
    emit(command);
    return true;
  }

  Command column_command(std::size_t i) const {
    using heddle::dram::PagePolicy;
    bool close = m_.controller.page_policy == PagePolicy::closed;
    if (m_.controller.page_policy == PagePolicy::closed_adaptive) {
      close = true;
      for (std::size_t j = 0; j < queue_.size(); ++j) {
        if (j != i && queue_[j].bank == queue_[i].bank && queue_[j].at.row == queue_[i].at.row) close = false;
      }
    }
    if (queue_[i].kind == Kind::read) return close ? Command::read_precharge : Command::read;
    return close ? Command::write_precharge : Command::write;
  }

  void emit(const Issued& command) {
    book_.record(command);
    out_.push_back(command);
  }

  MemoryParameters m_;
  heddle::dram::AddressMap map_;
  RuleBook book_;
  std::vector<Waiting> queue_;
  std::vector<Cycle> due_;
  std::vector<std::uint32_t> turn_;
  std::map<std::uint32_t, std::uint32_t> hits_;
  Cycle interval_ = 0;
  Kind mode_ = Kind::read;
  std::vector<Issued> out_;
};

}  // namespace dram_test
