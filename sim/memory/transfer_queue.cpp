// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/transfer_queue.h"

#include <algorithm>

namespace heddle::memory {

void TransferQueue::load(const Transfer& transfer, bool reads_back) {
  if (!has_off_chip_ || transfer.bytes == Bytes(0)) return;
  // Loads of one cause stay in the order of the work that waits for them.
  Place& last = last_load_[static_cast<std::size_t>(cause_of(transfer.traffic))];
  const std::uint32_t position = std::max({transfer.after, last.position, early(transfer), sample_start_});
  last = {position, reads_back || (last.reads_back && last.position == position)};
  const Queued queued{transfer, position, last.reads_back};
  if (cause_of(transfer.traffic) == Cause::weights) {
    keep_movable(queued);
  } else {
    queued_.push_back(queued);
  }
}

std::uint32_t TransferQueue::early(const Transfer& load) {
  recent_.emplace_back(load.item, load.bytes.count());
  recent_bytes_ += load.bytes.count();
  while (recent_bytes_ > kBytesAhead) {
    recent_bytes_ -= recent_.front().second;
    recent_.pop_front();
  }
  const std::uint32_t ahead = load.item > kQueueAhead ? load.item - kQueueAhead : 0;
  return recent_.empty() ? ahead : std::min(ahead, recent_.front().first);
}

// A weight load must not pass one that has no room yet.
void TransferQueue::keep_movable(const Queued& load) {
  Movable movable{load.transfer, load.position, load.reads_back};
  const std::uint32_t before = movable_.empty() ? 0 : movable_.back().transfer.after;
  movable.transfer.after = std::max({movable.transfer.after, sample_start_, before});
  movable_.push_back(movable);
}

void TransferQueue::store(const Transfer& transfer) {
  if (!has_off_chip_ || transfer.bytes == Bytes(0)) return;
  ++stores_;
  queued_.push_back({transfer, transfer.after});
}

void TransferQueue::end_sample(std::span<const Work> items) {
  const auto others = std::span(queued_).subspan(sample_queued_);
  const auto loads = place_ahead(others, movable_, items, sample_start_);
  queued_.insert(queued_.end(), loads.begin(), loads.end());
  sample_queued_ = queued_.size();
  movable_.clear();
  sample_start_ += static_cast<std::uint32_t>(items.size());
}

}  // namespace heddle::memory
