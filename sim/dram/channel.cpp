// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/channel.h"

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::dram {

using Index = RequestQueue::Index;

namespace {

constexpr TimingState::CommandKind column_kind(Kind kind) {
  return kind == Kind::read ? TimingState::kRead : TimingState::kWrite;
}

constexpr std::array<Command, 4> kCommands{Command::activate, Command::precharge, Command::read,
                                           Command::write};  // by TimingState::CommandKind

}  // namespace

Channel::Channel(const MemoryParameters& parameters, std::uint32_t number)
    : controller_(parameters.controller),
      number_(number),
      timing_(parameters.device, parameters.controller.ranks),
      queue_(timing_.banks(), controller_.read_queue_depth, controller_.write_queue_depth),
      refresh_(parameters),
      bank_set_shift_(ceil_log2(std::min(timing_.banks_per_rank(), Candidates::kMost))),
      bank_sets_(timing_.banks() >> bank_set_shift_) {
  if (controller_.starvation_limit_cycles == 0) patient_until_ = kNever;
  for (std::uint32_t i = 0; i < bank_sets_.size(); ++i) {
    bank_sets_[i].base = i << bank_set_shift_;
    bank_sets_[i].rank = timing_.rank_of(bank_sets_[i].base);
    for (Candidates& candidates : bank_sets_[i].candidates) {
      for (std::uint32_t b = 0; b < std::uint32_t{1} << bank_set_shift_; ++b) {
        candidates.set_group(b, timing_.group_of(bank_sets_[i].base + b));
      }
    }
  }
}

// A command passes through a dozen small functions; inlining them into three saves a quarter of the time.
[[gnu::flatten]] void Channel::push(const Location& at, Kind kind, std::uint64_t tag, Cycle offered,
                                    Cycle now) {
  HEDDLE_CHECK(now >= now_, "a request pushed into the past");
  now_ = now;
  decided_ = false;
  // A group's banks are neighbours: bank / banks_per_group is the group of TimingState.
  const std::uint32_t bank =
      at.rank * timing_.banks_per_rank() + at.bank_group * timing_.banks_per_group() + at.bank;
  queue_.push(kind, bank, at.row, at.column, tag, offered, now);
  BankSet& bank_set = bank_set_of(bank);
  bank_set.candidates[static_cast<std::size_t>(kind)].joined(bank - bank_set.base,
                                                             at.row == timing_.open_row(bank));
}

bool Channel::overdue(Kind kind) const {
  const Index oldest = queue_.oldest(kind);
  return oldest != RequestQueue::kNone && !queue_[oldest].blocked &&
         now_ - queue_.oldest_since(kind) > controller_.starvation_limit_cycles;
}

// An overdue request has priority until it is served. When a read and a write are both overdue, the older one
// goes first: if they took turns at one bank, each would close the other's row and neither would be served.
// Returns whether a request is overdue.
bool Channel::prefer_overdue() {
  const bool late_read = overdue(Kind::read);
  const bool late_write = overdue(Kind::write);
  if (!late_read && !late_write) {
    // oldest_since() only grows, so that no request is overdue before then.
    Cycle since = now_;
    for (const Kind kind : {Kind::read, Kind::write}) {
      if (queue_.count(kind) > 0) since = std::min(since, queue_.oldest_since(kind));
    }
    patient_until_ = since + controller_.starvation_limit_cycles;
    return false;
  }
  const auto age = [&](Kind kind) { return queue_[queue_.oldest(kind)].age; };
  const bool write = late_write && (!late_read || age(Kind::write) < age(Kind::read));
  mode_ = write ? Kind::write : Kind::read;
  return true;
}

// Writes wait until the high watermark, because every turn of the bus costs clocks; then they are served down
// to the low watermark.
void Channel::choose_mode() {
  if (queue_.eligible(other(mode_)) == 0) return;
  const bool any = queue_.eligible(mode_) > 0;
  const std::uint32_t waiting = queue_.count(Kind::write);
  const bool reads_wait_for_writes = queue_.blocked(Kind::read) > 0;
  if (mode_ == Kind::read) {
    if (!any || waiting >= controller_.write_high_watermark || reads_wait_for_writes) mode_ = Kind::write;
  } else {
    if (!any || (waiting <= controller_.write_low_watermark && !reads_wait_for_writes)) mode_ = Kind::read;
  }
}

bool Channel::blocked_by_refresh(std::uint32_t bank, Cycle at) const {
  const std::uint32_t rank = timing_.rank_of(bank);
  if (at < refresh_.due(rank)) return false;
  return refresh_.policy() == RefreshPolicy::all_bank ||
         bank == rank * timing_.banks_per_rank() + refresh_.bank(rank);
}

bool Channel::another_hit(Index index) const {
  const auto& entry = queue_[index];
  for (const Kind kind : {entry.kind, other(entry.kind)}) {
    for (Index i = queue_.first(kind, entry.bank); i != RequestQueue::kNone; i = queue_[i].next) {
      if (i != index && queue_[i].row == entry.row) return true;
    }
  }
  return false;
}

inline Command Channel::column_command(Index index) const {
  const auto& entry = queue_[index];
  const bool close = controller_.page_policy == PagePolicy::closed ||
                     (controller_.page_policy == PagePolicy::closed_adaptive && !another_hit(index));
  if (entry.kind == Kind::read) return close ? Command::read_precharge : Command::read;
  return close ? Command::write_precharge : Command::write;
}

TimingState::CommandKind Channel::next_command(const RequestQueue::Entry& entry) const {
  const std::uint32_t open = timing_.open_row(entry.bank);
  if (open == TimingState::kClosed) return TimingState::kActivate;
  return open == entry.row ? column_kind(entry.kind) : TimingState::kPrecharge;
}

// The oldest request of the bank that hits its open row, up to the limit of row hits; otherwise the oldest
// one.
inline Index Channel::served_first(std::uint32_t bank, Index oldest) const {
  const std::uint32_t open = timing_.open_row(bank);
  if (open == TimingState::kClosed || queue_[oldest].row == open) return oldest;
  const std::uint32_t limit = controller_.row_hit_limit;
  if (limit > 0 && timing_.columns_since_activate(bank) >= limit) return oldest;
  for (Index i = queue_[oldest].next; i != RequestQueue::kNone; i = queue_[i].next) {
    if (queue_[i].row == open && !queue_[i].blocked) return i;
  }
  return oldest;
}

Candidate Channel::candidate(std::uint32_t bank) const {
  Index oldest = queue_.first(mode_, bank);
  while (oldest != RequestQueue::kNone && queue_[oldest].blocked) oldest = queue_[oldest].next;
  if (oldest == RequestQueue::kNone) return {};
  const Index served = served_first(bank, oldest);
  const RequestQueue::Entry& entry = queue_[served];
  const TimingState::CommandKind command = next_command(entry);
  return {.entry = served, .command = command, .ready = timing_.of_bank(command, bank), .age = entry.age};
}

// Chooses the earliest of the banks' next commands; of equals, the one of the oldest request.
template <bool kAvoidRefresh>
void Channel::compare_all() {
  Weighed best;
  std::uint32_t place = 0;
  for (BankSet& bank_set : bank_sets_) {
    const auto activates = timing_.limits(TimingState::kActivate, bank_set.rank, now_);
    const auto precharges = timing_.limits(TimingState::kPrecharge, bank_set.rank, now_);
    const auto columns = timing_.limits(column_kind(mode_), bank_set.rank, now_);
    Candidates& candidates = bank_set.candidates[static_cast<std::size_t>(mode_)];
    candidates.renew([&](std::uint32_t bank) { return candidate(bank_set.base + bank); });
    const auto weigh = [&](Candidates::Set set, const TimingState::Limits& limits) {
      const Candidates::First* first = &candidates.first(set, limits);
      if (kAvoidRefresh) {
        Candidates::First& allowed = bank_set.allowed[set];
        allowed =
            first->after > refresh_.due(bank_set.rank) ? first_after_due(bank_set, set, limits) : *first;
        first = &allowed;
      }
      best.consider(*first, now_, place++);
    };
    weigh(Candidates::kActivates, activates);
    weigh(Candidates::kPrecharges, precharges);
    weigh(Candidates::kColumns, columns);
  }
  if (best.weight == Weighed{}.weight) return;
  const BankSet& bank_set = bank_sets_[best.place / Candidates::kSets];
  const auto set = static_cast<Candidates::Set>(best.place % Candidates::kSets);
  const Candidates& candidates = bank_set.candidates[static_cast<std::size_t>(mode_)];
  const Candidates::First& first = kAvoidRefresh ? bank_set.allowed[set] : candidates.known(set);
  best_ = {.cycle = first.after - 1,
           .command = kCommands[set == Candidates::kColumns ? column_kind(mode_)
                                                            : static_cast<TimingState::CommandKind>(set)],
           .bank = bank_set.base + first.bank,
           .entry = candidates.entry(first.bank)};
}

// Banks whose refresh is due get no other command. All candidates of the set come after that instant.
Candidates::First Channel::first_after_due(const BankSet& bank_set, Candidates::Set set,
                                           const TimingState::Limits& limits) const {
  if (refresh_.policy() == RefreshPolicy::all_bank) return {};
  const std::uint32_t bank =
      bank_set.rank * timing_.banks_per_rank() + refresh_.bank(bank_set.rank) - bank_set.base;
  return bank_set.candidates[static_cast<std::size_t>(mode_)].first_but(bank, set, limits);
}

// The bank took a row command for a request; the next command for that request is `next`.
inline void Channel::advance(const Choice& choice, TimingState::CommandKind next) {
  BankSet& bank_set = bank_set_of(choice.bank);
  const std::uint32_t bank = choice.bank - bank_set.base;
  bank_set.candidates[static_cast<std::size_t>(mode_)].advance(bank, choice.entry, next,
                                                               timing_.of_bank(next, choice.bank));
  bank_set.candidates[static_cast<std::size_t>(other(mode_))].forget(bank);
}

void Channel::forget(std::uint32_t bank) {
  BankSet& bank_set = bank_set_of(bank);
  for (Candidates& candidates : bank_set.candidates) candidates.forget(bank - bank_set.base);
}

void Channel::forget_rank(std::uint32_t rank) {
  for (BankSet& bank_set : bank_sets_) {
    if (bank_set.rank != rank) continue;
    for (Candidates& candidates : bank_set.candidates)
      candidates.forget_all(std::uint32_t{1} << bank_set_shift_);
  }
}

Channel::Choice Channel::refresh_step(std::uint32_t rank) const {
  const std::uint32_t first = rank * timing_.banks_per_rank();
  Choice choice{.bank = first};
  if (refresh_.policy() == RefreshPolicy::all_bank) {
    const bool open = timing_.any_open(rank);
    choice.command = open ? Command::precharge_all : Command::refresh_all;
    choice.cycle = open ? timing_.earliest_precharge_all(rank) : timing_.earliest_refresh_all(rank);
  } else {
    choice.bank += refresh_.bank(rank);
    const bool open = timing_.open_row(choice.bank) != TimingState::kClosed;
    choice.command = open ? Command::precharge : Command::refresh_bank;
    choice.cycle = open ? timing_.earliest(TimingState::kPrecharge, choice.bank, now_)
                        : timing_.earliest_refresh_bank(choice.bank);
  }
  return choice;
}

// A refresh that is due goes before every other command at its instant.
void Channel::consider_refresh(std::uint32_t rank) {
  const Cycle due = refresh_.due(rank);
  if (due > best_.cycle || due == kNever) return;
  Choice choice = refresh_step(rank);
  choice.cycle = std::max({choice.cycle, due, now_});
  // A tie goes to the refresh of another rank that was considered first.
  if (choice.cycle < best_.cycle || (choice.cycle == best_.cycle && best_.entry != RequestQueue::kNone))
    best_ = choice;
}

[[gnu::flatten]] void Channel::decide() {
  decided_ = true;
  best_ = {};
  if (queue_.empty()) return;
  if (now_ > patient_until_ && prefer_overdue()) {
    serve_oldest();
  } else {
    choose_mode();
    compare_all<false>();
    if (best_.cycle >= refresh_.earliest_due()) {
      best_ = {};
      compare_all<true>();
    }
  }
  if (best_.cycle < refresh_.earliest_due()) return;
  for (std::uint32_t r = 0; r < timing_.ranks(); ++r) consider_refresh(r);
}

void Channel::serve_oldest() {
  const Index oldest = queue_.oldest(mode_);
  const std::uint32_t bank = queue_[oldest].bank;
  const TimingState::CommandKind command = next_command(queue_[oldest]);
  const Cycle at = timing_.earliest(command, bank, now_);
  if (blocked_by_refresh(bank, at)) return;
  best_ = {.cycle = at, .command = kCommands[command], .bank = bank, .entry = oldest};
}

inline void Channel::apply_column(const Choice& choice, Issued& out) {
  const auto& entry = queue_[choice.entry];
  const bool write = is_write(out.command);
  out.row = entry.row;
  out.column = entry.column;
  out.offered = entry.offered;
  out.data_end = out.cycle + (write ? timing_.rules().write_data_end : timing_.rules().read_data_end);
  out.is_row_hit = timing_.columns_since_activate(choice.bank) > 0;
  if (out.is_row_hit) ++counters_.row_hits;
  ++(write ? counters_.writes : counters_.reads);
  timing_.column(choice.bank, write, closes_itself(out.command), out.cycle);
  if (closes_itself(out.command)) ++counters_.precharges;
  queue_.remove(choice.entry, out.cycle);
}

void Channel::apply_refresh(const Choice& choice) {
  const std::uint32_t rank = timing_.rank_of(choice.bank);
  if (choice.command == Command::refresh_all) {
    timing_.refresh_all(rank, choice.cycle);
    forget_rank(rank);
    ++counters_.refreshes_all_bank;
  } else {
    timing_.refresh_bank(choice.bank, choice.cycle);
    forget(choice.bank);
    ++counters_.refreshes_per_bank;
  }
  refresh_.served(rank);
}

[[gnu::flatten]] Issued Channel::issue() {
  HEDDLE_CHECK(decided_ && best_.cycle != kNever, "a command issued without a decision");
  const Choice& choice = best_;
  decided_ = false;
  now_ = choice.cycle;
  Issued out{.command = choice.command,
             .cycle = choice.cycle,
             .channel = number_,
             .rank = timing_.rank_of(choice.bank),
             .bank = choice.bank,
             .tag = choice.entry == RequestQueue::kNone ? kNoTag : queue_[choice.entry].tag};
  switch (choice.command) {
    case Command::activate:
      out.row = queue_[choice.entry].row;
      timing_.activate(choice.bank, out.row, choice.cycle);
      ++counters_.activates;
      advance(choice, column_kind(mode_));
      break;
    case Command::precharge:
      timing_.precharge(choice.bank, choice.cycle);
      ++counters_.precharges;
      advance(choice, TimingState::kActivate);
      break;
    case Command::precharge_all:
      counters_.precharges += timing_.open_banks(out.rank);
      timing_.precharge_all(out.rank, choice.cycle);
      forget_rank(out.rank);
      break;
    case Command::refresh_all:
    case Command::refresh_bank:
      apply_refresh(choice);
      break;
    default:
      out.command = column_command(choice.entry);
      apply_column(choice, out);
      forget(choice.bank);
  }
  return out;
}

void Channel::skip_idle_refreshes(Cycle until) {
  for (std::uint32_t r = 0; r < timing_.ranks(); ++r) {
    // The first refresh closes an open row; the refreshes after it start when they are due.
    if (timing_.any_open(r)) continue;
    const std::uint64_t skipped = refresh_.skip(r, until);
    (refresh_.policy() == RefreshPolicy::all_bank ? counters_.refreshes_all_bank
                                                  : counters_.refreshes_per_bank) += skipped;
  }
}

}  // namespace heddle::dram
