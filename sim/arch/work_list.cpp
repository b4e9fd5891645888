// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/work_list.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "sim/base/error.h"

namespace heddle::arch {

void order_transfers(std::vector<Transfer>& transfers, const std::vector<bool>& reads_back) {
  HEDDLE_CHECK(transfers.size() == reads_back.size(), "a flag a transfer");
  const auto rank = [&](std::size_t i) { return transfers[i].is_write ? 1 : reads_back[i] ? 2 : 0; };
  std::vector<std::size_t> order(transfers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (transfers[a].after != transfers[b].after) return transfers[a].after < transfers[b].after;
    return rank(a) < rank(b);
  });
  std::vector<Transfer> sorted;
  sorted.reserve(transfers.size());
  for (const auto i : order) sorted.push_back(transfers[i]);
  transfers = std::move(sorted);
}

void check_work_list(const WorkList& list) {
  std::uint32_t layer = 0;
  for (const auto& work : list.items) {
    HEDDLE_CHECK(work.layer >= layer && work.layer < list.layers, "work out of the order of its layers");
    layer = work.layer;
  }
  std::uint32_t ahead = 0;  // items that must have ended before the transfers so far could all start
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
      auto& last = last_load[static_cast<std::size_t>(cause_of(transfer.tensor))];
      HEDDLE_CHECK(transfer.item >= last, "loads of one cause out of the order of their work");
      last = transfer.item;
    }
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const std::uint32_t before = list.items[i].stores_before;
    HEDDLE_CHECK(before <= ahead_of_store.size() && (before == 0 || ahead_of_store[before - 1] <= i),
                 "work that waits for its own stores");
  }
}

}  // namespace heddle::arch
