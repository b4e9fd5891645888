// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/dram/channel.h"

#include "sim/base/error.h"

namespace heddle::dram {

using Index = RequestQueue::Index;

Channel::Channel(const MemoryParameters& parameters, std::uint32_t number)
    : controller_(parameters.controller),
      number_(number),
      timing_(parameters.device, parameters.controller.ranks),
      queue_(timing_.banks(), controller_.read_queue_depth, controller_.write_queue_depth),
      refresh_(parameters),
      picks_{Picks(timing_.banks()), Picks(timing_.banks())} {}

void Channel::push(const Location& at, Kind kind, std::uint64_t tag, Cycle offered, Cycle now) {
  HEDDLE_CHECK(now >= now_, "a request pushed into the past");
  now_ = now;
  decided_ = false;
  // A group's banks are neighbours: bank / banks_per_group is the group of TimingState.
  const std::uint32_t bank =
      at.rank * timing_.banks_per_rank() + at.bank_group * timing_.banks_per_group() + at.bank;
  queue_.push(kind, bank, at.row, at.column, tag, offered, now);
  // The youngest request changes nothing for a bank that has an older one to activate or to serve.
  Picks& picks = picks_[static_cast<std::size_t>(kind)];
  const std::uint32_t place = picks.place[bank];
  if (place == kNoPlace || picks.some[place].slot == TimingState::kPrecharge) picks.forget(bank);
}

bool Channel::overdue(Kind kind) const {
  const Index oldest = queue_.oldest(kind);
  return controller_.starvation_limit_cycles > 0 && oldest != RequestQueue::kNone &&
         !queue_[oldest].blocked && now_ - queue_.oldest_since(kind) > controller_.starvation_limit_cycles;
}

// Writes wait until there are many, for every turn of the bus costs; then they go until few are left. A
// request that is overdue has its way until it is served, the older kind first: reads and writes that
// took turns at one bank, each closing the other's row, would go on for ever.
void Channel::choose_mode() {
  const bool late_read = overdue(Kind::read);
  const bool late_write = overdue(Kind::write);
  if (late_read || late_write) {
    const auto age = [&](Kind kind) { return queue_[queue_.oldest(kind)].age; };
    const bool write = late_write && (!late_read || age(Kind::write) < age(Kind::read));
    mode_ = write ? Kind::write : Kind::read;
    return;
  }
  const bool reads = queue_.eligible(Kind::read) > 0;
  const bool writes = queue_.eligible(Kind::write) > 0;
  const std::uint32_t waiting = queue_.count(Kind::write);
  const bool reads_wait_for_writes = queue_.blocked(Kind::read) > 0;
  if (mode_ == Kind::read) {
    const bool drain = waiting >= controller_.write_high_watermark || reads_wait_for_writes;
    if (writes && (drain || !reads)) mode_ = Kind::write;
  } else {
    const bool drained = waiting <= controller_.write_low_watermark && !reads_wait_for_writes;
    if (reads && (drained || !writes)) mode_ = Kind::read;
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

Command Channel::column_command(Index index) const {
  const auto& entry = queue_[index];
  const bool close = controller_.page_policy == PagePolicy::closed ||
                     (controller_.page_policy == PagePolicy::closed_adaptive && !another_hit(index));
  if (entry.kind == Kind::read) return close ? Command::read_precharge : Command::read;
  return close ? Command::write_precharge : Command::write;
}

Channel::Pick Channel::pick(std::uint32_t bank, Index from, bool only_this) const {
  const std::uint32_t open = timing_.open_row(bank);
  Index first = RequestQueue::kNone;
  Index hit = RequestQueue::kNone;
  for (Index i = from; i != RequestQueue::kNone && hit == RequestQueue::kNone; i = queue_[i].next) {
    const auto& entry = queue_[i];
    if (!entry.blocked) {
      if (first == RequestQueue::kNone) first = i;
      if (entry.row == open) hit = i;
    }
    if (only_this || (open == TimingState::kClosed && first != RequestQueue::kNone)) break;
  }
  Pick out{.bank = bank, .group = timing_.group_of(bank)};
  if (first == RequestQueue::kNone) return out;
  const bool enough_hits = hit != first && controller_.row_hit_limit > 0 &&
                           timing_.columns_since_activate(bank) >= controller_.row_hit_limit;
  out.entry = first;
  if (open == TimingState::kClosed) {
    out.slot = TimingState::kActivate;
  } else if (hit != RequestQueue::kNone && !enough_hits) {
    out.entry = hit;
    out.slot = queue_[hit].kind == Kind::read ? TimingState::kRead : TimingState::kWrite;
  } else {
    out.slot = TimingState::kPrecharge;
  }
  out.ready = timing_.of_bank(out.slot, bank);
  // At one instant column commands go before row commands, and of equals the older request.
  HEDDLE_CHECK(queue_[out.entry].age < kRowCommand, "more requests than ages can tell apart");
  out.order = queue_[out.entry].age | (out.slot < TimingState::kRead ? kRowCommand : 0);
  return out;
}

void Channel::choose(Cycle at, const Pick& pick) {
  constexpr std::array<Command, 4> kCommands{Command::activate, Command::precharge, Command::read,
                                             Command::write};
  best_ = {.cycle = at, .command = kCommands[pick.slot], .bank = pick.bank, .entry = pick.entry};
}

// The earliest of the banks' next commands; at one instant the one with the smallest order. This is the
// hot loop: a selection instead of branches, and refresh is minded only when it may matter.
template <bool kMindRefresh>
void Channel::weigh_all() {
  auto& picks = picks_[static_cast<std::size_t>(mode_)];
  renew(picks);
  const auto floor = timing_.floor(now_);
  std::uint64_t best = kNothing;
  const Pick* chosen = nullptr;
  for (const Pick& pick : picks.some) {
    const Cycle at = std::max({pick.ready, timing_.of_group(pick.group)[pick.slot], floor[pick.slot]});
    if (kMindRefresh && blocked_by_refresh(pick.bank, at)) continue;
    const std::uint64_t weight = ((at - now_) << kOrderBits) | pick.order;
    chosen = weight < best ? &pick : chosen;
    best = weight < best ? weight : best;
  }
  if (chosen != nullptr) choose(now_ + (best >> kOrderBits), *chosen);
}

void Channel::renew(Picks& picks) {
  for (const std::uint32_t bank : picks.outdated) {
    picks.known[bank] = 1;
    picks.set(pick(bank, queue_.first(mode_, bank), false));
  }
  picks.outdated.clear();
}

void Channel::Picks::set(const Pick& pick) {
  std::uint32_t& at = place[pick.bank];
  if (pick.entry == RequestQueue::kNone) {
    if (at == kNoPlace) return;
    some[at] = some.back();
    place[some[at].bank] = at;
    some.pop_back();
    at = kNoPlace;
  } else if (at == kNoPlace) {
    at = static_cast<std::uint32_t>(some.size());
    some.push_back(pick);
  } else {
    some[at] = pick;
  }
}

void Channel::forget_touched(const Choice& choice) {
  const bool whole_rank = choice.command == Command::precharge_all || choice.command == Command::refresh_all;
  const std::uint32_t end = choice.bank + (whole_rank ? timing_.banks_per_rank() : 1);
  for (Picks& picks : picks_) {
    for (std::uint32_t b = choice.bank; b < end; ++b) picks.forget(b);
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
    choice.cycle = open ? timing_.earliest(TimingState::kPrecharge, choice.bank, timing_.floor(now_))
                        : timing_.earliest_refresh_bank(choice.bank);
  }
  return choice;
}

// A refresh that is due goes before anything else at its instant.
void Channel::consider_refresh(std::uint32_t rank) {
  const Cycle due = refresh_.due(rank);
  if (due > best_.cycle || due == kNever) return;
  Choice choice = refresh_step(rank);
  choice.cycle = std::max({choice.cycle, due, now_});
  // A tie goes to the refresh of another rank that was considered first.
  if (choice.cycle < best_.cycle || (choice.cycle == best_.cycle && best_.entry != RequestQueue::kNone))
    best_ = choice;
}

void Channel::decide() {
  decided_ = true;
  best_ = {};
  if (queue_.empty()) return;
  choose_mode();
  if (overdue(mode_)) {
    serve_oldest();
  } else {
    weigh_all<false>();
    if (best_.cycle >= refresh_.earliest_due()) {
      best_ = {};
      weigh_all<true>();
    }
  }
  if (best_.cycle < refresh_.earliest_due()) return;
  for (std::uint32_t r = 0; r < timing_.ranks(); ++r) consider_refresh(r);
}

void Channel::serve_oldest() {
  const Index oldest = queue_.oldest(mode_);
  const std::uint32_t bank = queue_[oldest].bank;
  const Pick only = pick(bank, oldest, true);
  const Cycle at = timing_.earliest(only.slot, bank, timing_.floor(now_));
  if (!blocked_by_refresh(bank, at)) choose(at, only);
}

void Channel::apply_column(const Choice& choice, Issued& out) {
  const auto& entry = queue_[choice.entry];
  const bool write = is_write(out.command);
  out.row = entry.row;
  out.column = entry.column;
  out.tag = entry.tag;
  out.offered = entry.offered;
  out.data_end = out.cycle + (write ? timing_.rules().write_data_end : timing_.rules().read_data_end);
  if (timing_.columns_since_activate(choice.bank) > 0) ++counters_.row_hits;
  ++(write ? counters_.writes : counters_.reads);
  timing_.column(choice.bank, write, closes_itself(out.command), out.cycle);
  if (closes_itself(out.command)) ++counters_.precharges;
  queue_.remove(choice.entry, out.cycle);
}

void Channel::apply_refresh(const Choice& choice) {
  const std::uint32_t rank = timing_.rank_of(choice.bank);
  if (choice.command == Command::refresh_all) {
    timing_.refresh_all(rank, choice.cycle);
    ++counters_.refreshes_all_bank;
  } else {
    timing_.refresh_bank(choice.bank, choice.cycle);
    ++counters_.refreshes_per_bank;
  }
  refresh_.served(rank);
}

Issued Channel::issue() {
  HEDDLE_CHECK(decided_ && best_.cycle != kNever, "a command issued without a decision");
  const Choice choice = best_;
  decided_ = false;
  now_ = choice.cycle;
  Issued out{.command = choice.command,
             .cycle = choice.cycle,
             .channel = number_,
             .rank = timing_.rank_of(choice.bank),
             .bank = choice.bank};
  forget_touched(choice);
  switch (choice.command) {
    case Command::activate:
      out.row = queue_[choice.entry].row;
      timing_.activate(choice.bank, out.row, choice.cycle);
      ++counters_.activates;
      break;
    case Command::precharge:
      timing_.precharge(choice.bank, choice.cycle);
      ++counters_.precharges;
      break;
    case Command::precharge_all:
      counters_.precharges += timing_.open_banks(out.rank);
      timing_.precharge_all(out.rank, choice.cycle);
      break;
    case Command::refresh_all:
    case Command::refresh_bank:
      apply_refresh(choice);
      break;
    default:
      out.command = column_command(choice.entry);
      apply_column(choice, out);
  }
  return out;
}

void Channel::skip_idle_refreshes(Cycle until) {
  for (std::uint32_t r = 0; r < timing_.ranks(); ++r) {
    // An open row is closed by the first refresh; what follows is punctual.
    if (timing_.any_open(r)) continue;
    const std::uint64_t skipped = refresh_.skip(r, until);
    (refresh_.policy() == RefreshPolicy::all_bank ? counters_.refreshes_all_bank
                                                  : counters_.refreshes_per_bank) += skipped;
  }
}

}  // namespace heddle::dram
