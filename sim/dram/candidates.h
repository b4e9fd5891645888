// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>

#include "sim/dram/request_queue.h"
#include "sim/dram/timing_state.h"

namespace heddle::dram {

// The command that a bank would take next for the requests of one kind, whenever that may be.
struct Candidate {
  RequestQueue::Index entry = RequestQueue::kNone;  // kNone: the bank has nothing to do
  TimingState::CommandKind command = TimingState::kActivate;
  Cycle ready = 0;        // what the bank itself allows
  std::uint64_t age = 0;  // of its request
};

// The candidates of one rank, or of 64 neighbouring banks of it, for the requests of one kind. A candidate is
// kept until something of its bank changes, because candidates are compared far more often than they change.
// They form sets by command. Each set remembers its first member: the one with the earliest instant and,
// among equals, with the oldest request. Instants never go back, so that a member stays first until its own
// instant moves or another candidate joins.
class Candidates {
 public:
  static constexpr std::uint32_t kMost = 64;
  enum Set : std::uint8_t { kActivates, kPrecharges, kColumns, kSets };
  struct First {
    Cycle after = kNever;  // the clock after its instant; 0: not known, kNever: there is none
    std::uint64_t age = 0;
    std::uint32_t bank = 0;  // in the set of banks
    std::uint32_t group = 0;
  };

  void forget(std::uint32_t bank) { outdated_ |= bit(bank); }
  void forget_all(std::uint32_t banks) { outdated_ = ~std::uint64_t{0} >> (kMost - banks); }
  // The bank got a request, its youngest of this kind. That changes nothing while the bank's candidate is an
  // activate or a column command, or a precharge and the new request misses the open row.
  void joined(std::uint32_t bank, bool hits_open_row) {
    const std::uint64_t settled =
        members_[kActivates] | members_[kColumns] | (hits_open_row ? 0 : members_[kPrecharges]);
    outdated_ |= bit(bank) & ~settled;
  }
  // The bank took a row command for `entry` (kNone: for a refresh); the next command for the same request is
  // `next`.
  void advance(std::uint32_t bank, RequestQueue::Index entry, TimingState::CommandKind next, Cycle ready) {
    if (entry_[bank] != entry || entry == RequestQueue::kNone) return forget(bank);
    leave(bank);
    join(bank, next, ready);
  }
  template <class Find>
  void renew(Find&& find) {
    for (; outdated_ != 0; outdated_ &= outdated_ - 1) {
      const auto bank = static_cast<std::uint32_t>(std::countr_zero(outdated_));
      leave(bank);
      const Candidate candidate = find(bank);
      entry_[bank] = candidate.entry;
      age_[bank] = candidate.age;
      if (candidate.entry != RequestQueue::kNone) join(bank, candidate.command, candidate.ready);
    }
  }

  [[nodiscard]] const First& first(Set set, const TimingState::Limits& limits) {
    First& known = first_[set];
    if (known.after <= std::max(limits.floor, limits.groups[known.group])) {
      known = search(members_[set], limits);
    }
    return known;
  }
  [[nodiscard]] RequestQueue::Index entry(std::uint32_t bank) const { return entry_[bank]; }
  // What first() found last.
  [[nodiscard]] const First& known(Set set) const { return first_[set]; }
  [[nodiscard]] First first_but(std::uint32_t bank, Set set, const TimingState::Limits& limits) const {
    return search(bank < kMost ? members_[set] & ~bit(bank) : members_[set], limits);
  }
  void set_group(std::uint32_t bank, std::uint32_t group) { group_[bank] = group; }

 private:
  static std::uint64_t bit(std::uint32_t bank) { return std::uint64_t{1} << bank; }

  void leave(std::uint32_t bank) {
    const Set set = set_[bank];
    members_[set] &= ~bit(bank);
    First& first = first_[set];
    first.after = first.bank == bank ? 0 : first.after;
  }
  void join(std::uint32_t bank, TimingState::CommandKind command, Cycle ready) {
    const Set set = static_cast<Set>(std::min<std::uint8_t>(command, kColumns));
    set_[bank] = set;
    ready_[bank] = ready;
    members_[set] |= bit(bank);
    First& first = first_[set];
    first.after = ready < first.after ? 0 : first.after;
  }
  // Instant and age make one number to compare; parameters end at 2^20 clocks, so that no command waits as
  // long as 2^24. Selections instead of branches, because the winner is unpredictable.
  [[nodiscard]] First search(std::uint64_t among, const TimingState::Limits& limits) const {
    if (among == 0) return {};
    std::uint64_t best = ~std::uint64_t{0};
    std::uint64_t chosen = 0;
    for (; among != 0; among &= among - 1) {
      const auto bank = static_cast<std::uint64_t>(std::countr_zero(among));
      const Cycle wait = limits.at(ready_[bank], group_[bank]) - limits.floor;
      const std::uint64_t weight = (wait << RequestQueue::kAgeBits) | age_[bank];
      chosen = weight < best ? bank : chosen;
      best = weight < best ? weight : best;
    }
    return {.after = limits.floor + (best >> RequestQueue::kAgeBits) + 1,
            .age = age_[chosen],
            .bank = static_cast<std::uint32_t>(chosen),
            .group = group_[chosen]};
  }

  std::array<std::uint64_t, kSets> members_{};  // one bit per bank
  std::uint64_t outdated_ = 0;
  std::array<First, kSets> first_;
  // By bank.
  std::array<Cycle, kMost> ready_{};
  std::array<std::uint64_t, kMost> age_{};
  std::array<std::uint32_t, kMost> group_{};
  std::array<RequestQueue::Index, kMost> entry_{};
  std::array<Set, kMost> set_{};
};

}  // namespace heddle::dram
