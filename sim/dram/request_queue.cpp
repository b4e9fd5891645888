// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/request_queue.h"

#include "sim/base/error.h"

namespace heddle::dram {
namespace {

std::size_t bucket(const RequestQueue::Entry& e) {
  return (e.column ^ (e.row * 37U) ^ (e.bank * 11U)) & 255U;
}

bool same_burst(const RequestQueue::Entry& a, const RequestQueue::Entry& b) {
  return a.row == b.row && a.column == b.column;  // the caller compares requests of one bank
}

}  // namespace

RequestQueue::RequestQueue(std::uint32_t banks, std::uint32_t read_depth, std::uint32_t write_depth)
    : entries_(std::size_t{read_depth} + write_depth) {
  of(Kind::read).depth = read_depth;
  of(Kind::write).depth = write_depth;
  for (auto& side : sides_) side.banks.resize(banks);
  for (std::size_t i = entries_.size(); i-- > 0;) {
    entries_[i].next = free_;
    free_ = static_cast<Index>(i);
  }
}

// Waits for the youngest request of the other kind to the same burst, which itself comes after the older
// ones.
void RequestQueue::block_on_conflict(Entry& entry) {
  Side& theirs = of(other(entry.kind));
  if (theirs.bursts[bucket(entry)] == 0) return;
  Index conflict = kNone;
  for (Index i = theirs.banks[entry.bank].head; i != kNone; i = at(i).next) {
    if (same_burst(at(i), entry)) conflict = i;
  }
  if (conflict == kNone) return;
  at(conflict).blocks_others = true;
  entry.blocked = true;
  entry.waits_for = at(conflict).age;
  ++of(entry.kind).blocked;
}

void RequestQueue::push(Kind kind, std::uint32_t bank, std::uint32_t row, std::uint32_t column,
                        std::uint64_t tag, Cycle offered, Cycle now) {
  HEDDLE_CHECK(has_room(kind), "a request pushed into a full queue");
  if (empty()) next_age_ = 0;
  HEDDLE_CHECK(next_age_ >> kAgeBits == 0, "more requests than ages can tell apart");
  const Index index = free_;
  Entry& e = at(index);
  free_ = e.next;
  e = {.age = next_age_++,
       .tag = tag,
       .offered = offered,
       .bank = bank,
       .row = row,
       .column = column,
       .kind = kind};
  block_on_conflict(e);

  Side& side = of(kind);
  ++side.count;
  ++side.bursts[bucket(e)];
  BankList& list = side.banks[bank];
  if (list.head == kNone) {
    list.head = index;
  } else {
    at(list.tail).next = index;
  }
  list.tail = index;
  e.older = side.youngest;
  if (side.youngest != kNone) at(side.youngest).younger = index;
  side.youngest = index;
  if (side.oldest == kNone) {
    side.oldest = index;
    side.oldest_since = now;
  }
}

void RequestQueue::unlink_from_bank(Index index) {
  const Entry& e = at(index);
  Side& side = of(e.kind);
  BankList& list = side.banks[e.bank];
  Index before = kNone;
  for (Index i = list.head; i != index; i = at(i).next) before = i;
  (before == kNone ? list.head : at(before).next) = e.next;
  if (list.tail == index) list.tail = before;
}

void RequestQueue::unlink_from_age(Index index, Cycle now) {
  const Entry& e = at(index);
  Side& side = of(e.kind);
  if (side.oldest == index) side.oldest_since = now;
  (e.older == kNone ? side.oldest : at(e.older).younger) = e.younger;
  (e.younger == kNone ? side.youngest : at(e.younger).older) = e.older;
}

void RequestQueue::release_waiters(const Entry& entry) {
  Side& theirs = of(other(entry.kind));
  for (Index i = theirs.banks[entry.bank].head; i != kNone; i = at(i).next) {
    Entry& waiter = at(i);
    if (!waiter.blocked || waiter.waits_for != entry.age) continue;
    waiter.blocked = false;
    --theirs.blocked;
  }
}

void RequestQueue::remove(Index index, Cycle now) {
  Entry& e = at(index);
  HEDDLE_CHECK(!e.blocked, "a request served before the one it waits for");
  if (e.blocks_others) release_waiters(e);
  unlink_from_bank(index);
  unlink_from_age(index, now);
  Side& side = of(e.kind);
  --side.count;
  --side.bursts[bucket(e)];
  e.next = free_;
  free_ = index;
}

}  // namespace heddle::dram
