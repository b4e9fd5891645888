// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/dram/candidates.h"
#include "sim/dram/refresh_timer.h"

namespace heddle::dram {

// Controller and devices of one channel: first ready, first come first served, event by event. The caller
// asks for the instant of the next command, pushes the requests that come before it, and issues it. A command
// costs a comparison of the first candidates of each set; idle clocks cost nothing.
class Channel {
 public:
  Channel(const MemoryParameters& parameters, std::uint32_t number);

  [[nodiscard]] bool has_room(Kind kind) const { return queue_.has_room(kind); }
  // `now` is never earlier than the last push or the last issued command.
  void push(const Location& at, Kind kind, std::uint64_t tag, Cycle offered, Cycle now);
  // Instant of the next command for a request, kNever without requests.
  [[nodiscard]] Cycle next_cycle() {
    if (!decided_) decide();
    return best_.cycle;
  }
  Issued issue();
  // Refreshes owed before `until` by a channel without requests. The sink sees every command.
  template <class Sink>
  void idle_until(Cycle until, Sink&& sink);

  [[nodiscard]] const ChannelCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t active_cycles(Cycle until) const { return timing_.active_cycles(until); }
  [[nodiscard]] bool idle() const { return queue_.empty(); }

 private:
  struct Choice {
    Cycle cycle = kNever;
    Command command = Command::activate;
    std::uint32_t bank = 0;  // its rank's first bank for rank commands
    RequestQueue::Index entry = RequestQueue::kNone;
  };
  // Banks whose candidates are compared together: a rank, or 64 neighbouring banks of one.
  struct BankSet {
    std::uint32_t base = 0;  // its first bank
    std::uint32_t rank = 0;
    std::array<Candidates, 2> candidates;                      // by kind
    std::array<Candidates::First, Candidates::kSets> allowed;  // the first candidates while a refresh is due
  };

  struct Weighed {
    std::uint64_t weight = ~std::uint64_t{0};  // instant and age: the smallest goes first
    std::uint32_t place = 0;                   // set of banks, set of candidates
    void consider(const Candidates::First& first, Cycle now, std::uint32_t where) {
      if (first.after == kNever) return;
      const std::uint64_t mine = ((first.after - 1 - now) << RequestQueue::kAgeBits) | first.age;
      place = mine < weight ? where : place;
      weight = std::min(mine, weight);
    }
  };

  void decide();
  void choose_mode();
  [[nodiscard]] bool prefer_overdue();
  [[nodiscard]] bool overdue(Kind kind) const;
  [[nodiscard]] TimingState::CommandKind next_command(const RequestQueue::Entry& entry) const;
  [[nodiscard]] Candidate candidate(std::uint32_t bank) const;
  [[nodiscard]] RequestQueue::Index served_first(std::uint32_t bank, RequestQueue::Index oldest) const;
  template <bool kAvoidRefresh>
  void compare_all();
  [[nodiscard]] Candidates::First first_after_due(const BankSet& bank_set, Candidates::Set set,
                                                  const TimingState::Limits& limits) const;
  void serve_oldest();
  [[nodiscard]] BankSet& bank_set_of(std::uint32_t bank) { return bank_sets_[bank >> bank_set_shift_]; }
  void advance(const Choice& choice, TimingState::CommandKind next);
  void forget(std::uint32_t bank);
  void forget_rank(std::uint32_t rank);
  void consider_refresh(std::uint32_t rank);
  [[nodiscard]] bool blocked_by_refresh(std::uint32_t bank, Cycle at) const;
  [[nodiscard]] Choice refresh_step(std::uint32_t rank) const;
  [[nodiscard]] Command column_command(RequestQueue::Index index) const;
  [[nodiscard]] bool another_hit(RequestQueue::Index index) const;
  void apply_column(const Choice& choice, Issued& out);
  void apply_refresh(const Choice& choice);
  void skip_idle_refreshes(Cycle until);

  ControllerParameters controller_;
  std::uint32_t number_;
  TimingState timing_;
  RequestQueue queue_;
  RefreshTimer refresh_;
  unsigned bank_set_shift_;
  std::vector<BankSet> bank_sets_;
  ChannelCounters counters_;
  Kind mode_ = Kind::read;
  Cycle now_ = 0;
  Cycle patient_until_ = 0;  // no request is overdue before
  bool decided_ = false;
  Choice best_;
};

template <class Sink>
void Channel::idle_until(Cycle until, Sink&& sink) {
  if (!queue_.empty() || refresh_.policy() == RefreshPolicy::none) return;
  while (true) {
    skip_idle_refreshes(until);
    best_ = {};
    for (std::uint32_t r = 0; r < timing_.ranks(); ++r) consider_refresh(r);
    if (best_.cycle >= until) break;
    decided_ = true;
    sink(issue());
  }
  decided_ = false;
}

}  // namespace heddle::dram
