// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/work_list.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "sim/base/error.h"

namespace heddle::memory {

std::vector<Transfer> order_transfers(std::vector<Queued> queued) {
  const auto key = [](const Queued& q) {
    const int turn = q.is_ahead ? 3 : q.reads_back ? 2 : q.transfer.is_write ? 1 : 0;
    return std::tuple(q.position, turn, q.transfer.item);
  };
  std::stable_sort(queued.begin(), queued.end(),
                   [&](const Queued& a, const Queued& b) { return key(a) < key(b); });
  std::vector<Transfer> out;
  out.reserve(queued.size());
  for (const auto& q : queued) {
    HEDDLE_CHECK(q.position >= q.transfer.after, "a transfer queued before it could start");
    out.push_back(q.transfer);
  }
  return out;
}

void check_work_list(const WorkList& list) {
  std::uint32_t layer = 0;
  for (const auto& work : list.items) {
    HEDDLE_CHECK(work.layer >= layer && work.layer < list.layers, "work out of the order of its layers");
    layer = work.layer;
  }
  std::uint32_t ahead = 0;  // items that must end before all transfers so far can start
  std::vector<std::uint32_t> ahead_of_store;
  std::array<std::uint32_t, kCauses> last_load{};
  for (const auto& transfer : list.transfers) {
    HEDDLE_CHECK(transfer.item < list.items.size() && transfer.bytes > Bytes(0),
                 "a transfer without work or bytes");
    ahead = std::max(ahead, transfer.after);
    HEDDLE_CHECK(ahead <= list.items.size(), "a transfer that waits for work that does not exist");
    if (transfer.is_write) {
      HEDDLE_CHECK(transfer.after > transfer.item, "a store before its work has ended");
      ahead_of_store.push_back(ahead);
    } else {
      HEDDLE_CHECK(ahead <= transfer.item, "a load that waits for its own work");
      auto& last = last_load[static_cast<std::size_t>(cause_of(transfer.traffic))];
      HEDDLE_CHECK(transfer.item >= last, "loads of one cause out of the order of their work");
      last = transfer.item;
    }
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    HEDDLE_CHECK(list.items[i].reduced_before <= i && list.items[i].output_bursts > 0,
                 "work that reads its own outputs, or leaves them in no burst");
    const std::uint32_t before = list.items[i].stores_before;
    HEDDLE_CHECK(before <= ahead_of_store.size() && (before == 0 || ahead_of_store[before - 1] <= i),
                 "work that waits for its own stores");
  }
}

}  // namespace heddle::memory
