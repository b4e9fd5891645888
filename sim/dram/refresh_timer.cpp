// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/refresh_timer.h"

#include <algorithm>

namespace heddle::dram {

RefreshTimer::RefreshTimer(const MemoryParameters& parameters)
    : policy_(parameters.controller.refresh),
      banks_per_rank_(parameters.device.organisation.banks()),
      ranks_(parameters.controller.ranks) {
  if (policy_ == RefreshPolicy::none) return;
  const Timing& t = parameters.device.timing;
  interval_ = policy_ == RefreshPolicy::all_bank ? t.tREFI : t.tREFIpb;
  const auto ranks = static_cast<Cycle>(ranks_.size());
  for (Cycle r = 0; r < ranks; ++r) {
    ranks_[r].due = parameters.controller.stagger_refresh ? interval_ * (r + 1) / ranks : interval_;
  }
  find_earliest();
}

void RefreshTimer::find_earliest() {
  earliest_due_ = kNever;
  for (const Rank& r : ranks_) earliest_due_ = std::min(earliest_due_, r.due);
}

void RefreshTimer::served(std::uint32_t rank) {
  ranks_[rank].due += interval_;
  ranks_[rank].bank = (ranks_[rank].bank + 1) % banks_per_rank_;
  find_earliest();
}

std::uint64_t RefreshTimer::skip(std::uint32_t rank, Cycle until) {
  constexpr std::uint64_t kSimulated = 64;  // the last refreshes before `until` are simulated
  if (policy_ == RefreshPolicy::none || until < ranks_[rank].due) return 0;
  const std::uint64_t owed = (until - ranks_[rank].due) / interval_;
  if (owed <= 2 * kSimulated) return 0;
  const std::uint64_t skipped =
      (owed - kSimulated) / banks_per_rank_ * banks_per_rank_;  // whole rounds: the next bank stays the same
  ranks_[rank].due += skipped * interval_;
  find_earliest();
  return skipped;
}

}  // namespace heddle::dram
