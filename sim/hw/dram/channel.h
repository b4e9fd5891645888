// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/hw/dram/refresh_timer.h"
#include "sim/hw/dram/request_queue.h"
#include "sim/hw/dram/timing_state.h"

namespace heddle::dram {

// Controller and devices of one channel: first ready, first come first served, event by event. Ask for
// the instant of the next command, push requests that come before it, issue it. A command costs a look
// at the banks that have requests; idle clocks cost nothing.
class Channel {
 public:
  Channel(const MemoryParameters& parameters, std::uint32_t number);

  [[nodiscard]] bool has_room(Kind kind) const { return queue_.has_room(kind); }
  // `now` never goes back, neither behind a push nor behind an issued command.
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
  // The command a bank would take next for the requests of one kind, whenever that may be. Kept until
  // something of that bank changes, for it is weighed far more often.
  struct Pick {
    Cycle ready = 0;          // what the bank itself allows
    std::uint64_t order = 0;  // at one instant the smallest goes first
    std::uint32_t bank = 0;
    std::uint32_t group = 0;
    RequestQueue::Index entry = RequestQueue::kNone;  // kNone: nothing to do
    TimingState::Slot slot = TimingState::kActivate;
  };
  struct Picks {
    explicit Picks(std::uint32_t banks) : place(banks, kNoPlace), known(banks, 1) {}
    std::vector<Pick> some;               // of banks with something to do, in no order that may matter
    std::vector<std::uint32_t> place;     // of each bank in `some`
    std::vector<std::uint8_t> known;      // by bank
    std::vector<std::uint32_t> outdated;  // the banks that are not known
    void set(const Pick& pick);
    void forget(std::uint32_t bank) {
      if (known[bank] == 0) return;
      known[bank] = 0;
      outdated.push_back(bank);
    }
  };
  static constexpr std::uint32_t kNoPlace = ~std::uint32_t{0};
  // Clocks from now, row or column, age: one number to compare. Parameters end at 2^20 clocks, so that no
  // command waits for 2^24.
  static constexpr unsigned kAgeBits = 39;
  static constexpr unsigned kOrderBits = kAgeBits + 1;
  static constexpr std::uint64_t kRowCommand = std::uint64_t{1} << kAgeBits;
  static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

  void decide();
  void choose_mode();
  [[nodiscard]] bool overdue(Kind kind) const;
  [[nodiscard]] Pick pick(std::uint32_t bank, RequestQueue::Index from, bool only_this) const;
  template <bool kMindRefresh>
  void weigh_all();
  void serve_oldest();
  void choose(Cycle at, const Pick& pick);
  void forget_touched(const Choice& choice);
  void renew(Picks& picks);
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
  std::array<Picks, 2> picks_;  // by kind
  ChannelCounters counters_;
  Kind mode_ = Kind::read;
  Cycle now_ = 0;
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
