// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/block_mover.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::dram {
namespace {

constexpr auto kIgnore = [](const Issued&) {};

}  // namespace

BlockMover::Ticket BlockMover::start(const Block& block, Cycle now) {
  HEDDLE_CHECK(block.bytes > 0, "a block without bytes");
  HEDDLE_CHECK(block.address + (block.bytes - 1) >= block.address,
               "a block that wraps around the address space");
  advance(now);
  const auto where = [&] { return fmt::format("block of {} bytes at {:#x}", block.bytes, block.address); };
  static_cast<void>(memory_.locate(block.address + (block.bytes - 1), where));
  const std::uint64_t first = block.address / burst_bytes_;
  const std::uint64_t bursts = (block.address + (block.bytes - 1)) / burst_bytes_ - first + 1;
  if (free_.empty()) {
    free_.push_back(blocks_.size());
    blocks_.emplace_back();
  }
  const Ticket ticket = free_.back();
  free_.pop_back();
  blocks_[ticket] = {.next_address = first * burst_bytes_,
                     .unpushed = bursts,
                     .unissued = bursts,
                     .next = memory_.locate(first * burst_bytes_, where),
                     .kind = block.kind,
                     .owner = block.owner,
                     .started = now,
                     .data_end = 0};
  if (block.owner >= served_.size()) served_.resize(block.owner + 1);
  moved_bytes_[static_cast<std::size_t>(block.kind)] += bursts * burst_bytes_;
  feeding_.push_back(ticket);
  feed();
  return ticket;
}

bool BlockMover::push_one(Ticket ticket) {
  Progress& block = blocks_[ticket];
  if (!memory_.has_room(block.next, block.kind)) return false;
  memory_.push(block.next, block.kind, ticket, block.started, now_, kIgnore);
  if (--block.unpushed > 0) {
    block.next_address += burst_bytes_;
    block.next = memory_.locate(block.next_address, [] { return std::string("block"); });
  }
  return true;
}

// The oldest first: blocks that took turns would close each other's rows.
void BlockMover::feed() {
  for (auto at = feeding_.begin(); at != feeding_.end();) {
    while (blocks_[*at].unpushed > 0 && push_one(*at)) {
    }
    at = blocks_[*at].unpushed == 0 ? feeding_.erase(at) : at + 1;
  }
}

// A ticket is given to another block only when all commands of the first are out.
void BlockMover::count(const Issued& command) {
  ChannelCounters& served = served_[blocks_[command.tag].owner];
  if (!is_column(command.command)) {
    ++(command.command == Command::activate ? served.activates : served.precharges);
    return;
  }
  ++(is_write(command.command) ? served.writes : served.reads);
  if (closes_itself(command.command)) ++served.precharges;
  if (command.is_row_hit) ++served.row_hits;
}

void BlockMover::advance(Cycle until) {
  HEDDLE_CHECK(until >= now_, "the memory asked to go back in time");
  while (memory_.next_cycle() < until) {
    const Issued command = memory_.issue();
    if (command.tag != kNoTag) count(command);
    if (!is_column(command.command)) continue;
    now_ = command.cycle;
    Progress& block = blocks_[command.tag];
    --block.unissued;
    block.data_end = std::max(block.data_end, command.data_end);
    feed();
  }
  now_ = until;
}

Cycle BlockMover::completion(Ticket ticket) const {
  const Progress& block = blocks_[ticket];
  if (block.unissued == 0) return block.data_end;
  const auto& rules = memory_.rules();
  const bool read = block.kind == Kind::read;
  const Cycle apart = read ? rules.read_read_s : rules.write_write_s;
  const std::uint64_t in_one_channel = ceil_div(block.unissued, memory_.parameters().controller.channels);
  return now_ + (in_one_channel - 1) * std::min(apart, read ? rules.read_read_o : rules.write_write_o) +
         (read ? rules.read_data_end : rules.write_data_end);
}

ChannelCounters BlockMover::counters() {
  memory_.idle_until(now_, kIgnore);
  return memory_.counters(now_);
}

void BlockMover::release(Ticket ticket) {
  HEDDLE_CHECK(issued(ticket), "a block released before its end");
  free_.push_back(ticket);
}

}  // namespace heddle::dram
