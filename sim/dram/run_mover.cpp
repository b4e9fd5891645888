// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/run_mover.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::dram {
namespace {

constexpr auto kIgnore = [](const Issued&) {};

}  // namespace

RunMover::Ticket RunMover::start(const AddressRun& run, Cycle now) {
  HEDDLE_CHECK(run.bytes > 0, "a run without bytes");
  HEDDLE_CHECK(run.address + (run.bytes - 1) >= run.address, "a run that wraps around the address space");
  advance(now);
  const auto where = [&] { return fmt::format("run of {} bytes at {:#x}", run.bytes, run.address); };
  static_cast<void>(memory_.locate(run.address + (run.bytes - 1), where));
  const std::uint64_t first = run.address / burst_bytes_;
  const std::uint64_t bursts = (run.address + (run.bytes - 1)) / burst_bytes_ - first + 1;
  if (free_.empty()) {
    free_.push_back(runs_.size());
    runs_.emplace_back();
  }
  const Ticket ticket = free_.back();
  free_.pop_back();
  runs_[ticket] = {.next_address = first * burst_bytes_,
                   .unpushed = bursts,
                   .unissued = bursts,
                   .next = memory_.locate(first * burst_bytes_, where),
                   .kind = run.kind,
                   .owner = run.owner,
                   .started = now,
                   .data_end = 0};
  if (run.owner >= served_.size()) served_.resize(run.owner + 1);
  moved_bytes_[static_cast<std::size_t>(run.kind)] += bursts * burst_bytes_;
  feeding_.push_back(ticket);
  feed();
  return ticket;
}

bool RunMover::push_one(Ticket ticket) {
  Progress& run = runs_[ticket];
  if (!memory_.has_room(run.next, run.kind)) return false;
  memory_.push(run.next, run.kind, ticket, run.started, now_, kIgnore);
  if (--run.unpushed > 0) {
    run.next_address += burst_bytes_;
    run.next = memory_.locate(run.next_address, [] { return std::string("run"); });
  }
  return true;
}

// The oldest run first: runs that took turns would close each other's rows.
void RunMover::feed() {
  for (auto at = feeding_.begin(); at != feeding_.end();) {
    while (runs_[*at].unpushed > 0 && push_one(*at)) {
    }
    at = runs_[*at].unpushed == 0 ? feeding_.erase(at) : at + 1;
  }
}

// A ticket is given to another run only when all commands of the first are out.
void RunMover::count(const Issued& command) {
  ChannelCounters& served = served_[runs_[command.tag].owner];
  if (!is_column(command.command)) {
    ++(command.command == Command::activate ? served.activates : served.precharges);
    return;
  }
  ++(is_write(command.command) ? served.writes : served.reads);
  if (closes_itself(command.command)) ++served.precharges;
  if (command.is_row_hit) ++served.row_hits;
}

void RunMover::advance(Cycle until) {
  HEDDLE_CHECK(until >= now_, "the memory asked to go back in time");
  while (memory_.next_cycle() < until) {
    const Issued command = memory_.issue();
    if (command.tag != kNoTag) count(command);
    if (!is_column(command.command)) continue;
    now_ = command.cycle;
    Progress& run = runs_[command.tag];
    --run.unissued;
    run.data_end = std::max(run.data_end, command.data_end);
    feed();
  }
  now_ = until;
}

Cycle RunMover::completion(Ticket ticket) const {
  const Progress& run = runs_[ticket];
  if (run.unissued == 0) return run.data_end;
  const auto& rules = memory_.rules();
  const bool read = run.kind == Kind::read;
  const Cycle apart = read ? rules.read_read_s : rules.write_write_s;
  const std::uint64_t in_one_channel = ceil_div(run.unissued, memory_.parameters().controller.channels);
  return now_ + (in_one_channel - 1) * std::min(apart, read ? rules.read_read_o : rules.write_write_o) +
         (read ? rules.read_data_end : rules.write_data_end);
}

ChannelCounters RunMover::counters() {
  memory_.idle_until(now_, kIgnore);
  return memory_.counters(now_);
}

void RunMover::release(Ticket ticket) {
  HEDDLE_CHECK(issued(ticket), "a run released before its end");
  free_.push_back(ticket);
}

}  // namespace heddle::dram
