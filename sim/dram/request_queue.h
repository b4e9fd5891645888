// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "sim/dram/device.h"

namespace heddle::dram {

enum class Kind : std::uint8_t { read, write };
constexpr Kind other(Kind kind) {
  return kind == Kind::read ? Kind::write : Kind::read;
}

// The bounded read and write queues of one channel, with each bank's requests in order of age. A request
// waits
// (`blocked`) for an older queued request of the other kind to the same burst.
class RequestQueue {
 public:
  using Index = std::int32_t;
  static constexpr Index kNone = -1;
  static constexpr unsigned kAgeBits = 39;  // an age fits these

  struct Entry {
    std::uint64_t age = 0;  // order of acceptance
    std::uint64_t tag = 0;
    std::uint64_t waits_for = 0;  // age of the request that blocks this one
    Cycle offered = 0;
    std::uint32_t bank = 0;
    std::uint32_t row = 0;
    std::uint32_t column = 0;
    Kind kind = Kind::read;
    bool blocked = false;
    bool blocks_others = false;
    Index next = kNone;                    // younger, same bank and kind; also links free entries
    Index older = kNone, younger = kNone;  // same kind
  };

  RequestQueue(std::uint32_t banks, std::uint32_t read_depth, std::uint32_t write_depth);

  [[nodiscard]] bool has_room(Kind kind) const { return of(kind).count < of(kind).depth; }
  [[nodiscard]] std::uint32_t count(Kind kind) const { return of(kind).count; }
  [[nodiscard]] std::uint32_t blocked(Kind kind) const { return of(kind).blocked; }
  [[nodiscard]] std::uint32_t eligible(Kind kind) const { return of(kind).count - of(kind).blocked; }
  [[nodiscard]] bool empty() const { return count(Kind::read) + count(Kind::write) == 0; }

  [[nodiscard]] Index first(Kind kind, std::uint32_t bank) const { return of(kind).banks[bank].head; }
  [[nodiscard]] Index oldest(Kind kind) const { return of(kind).oldest; }
  // When the oldest request became the oldest. The time since then does not depend on the queue's depth.
  [[nodiscard]] Cycle oldest_since(Kind kind) const { return of(kind).oldest_since; }
  [[nodiscard]] const Entry& operator[](Index i) const { return entries_[static_cast<std::size_t>(i)]; }

  void push(Kind kind, std::uint32_t bank, std::uint32_t row, std::uint32_t column, std::uint64_t tag,
            Cycle offered, Cycle now);
  void remove(Index index, Cycle now);

 private:
  struct BankList {
    Index head = kNone, tail = kNone;
  };
  struct Side {
    std::uint32_t depth = 0, count = 0, blocked = 0;
    Index oldest = kNone, youngest = kNone;
    Cycle oldest_since = 0;
    std::vector<BankList> banks;
    std::array<std::uint16_t, 256> bursts{};  // requests per hash value: 0 skips the search for conflicts
  };
  [[nodiscard]] const Side& of(Kind kind) const { return sides_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] Side& of(Kind kind) { return sides_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] Entry& at(Index i) { return entries_[static_cast<std::size_t>(i)]; }
  void block_on_conflict(Entry& entry);
  void release_waiters(const Entry& entry);
  void unlink_from_bank(Index index);
  void unlink_from_age(Index index, Cycle now);

  std::vector<Entry> entries_;
  Index free_ = kNone;
  std::uint64_t next_age_ = 0;
  std::array<Side, 2> sides_;
};

}  // namespace heddle::dram
