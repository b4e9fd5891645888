// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/dram/device.h"

namespace heddle::dram {

// The instants of each rank's next refresh. From then on the rank gets no other command until it is
// refreshed.
class RefreshTimer {
 public:
  RefreshTimer(const MemoryParameters& parameters);

  [[nodiscard]] RefreshPolicy policy() const { return policy_; }
  [[nodiscard]] Cycle due(std::uint32_t rank) const { return ranks_[rank].due; }
  [[nodiscard]] Cycle earliest_due() const { return earliest_due_; }
  // The bank of the rank whose turn it is, under per-bank refresh.
  [[nodiscard]] std::uint32_t bank(std::uint32_t rank) const { return ranks_[rank].bank; }
  void served(std::uint32_t rank);
  // An idle rank starts every refresh when it is due: skips whole rounds over the banks that end before
  // `until` instead of simulating them. Returns the number of refresh commands skipped.
  std::uint64_t skip(std::uint32_t rank, Cycle until);

 private:
  struct Rank {
    Cycle due = kNever;
    std::uint32_t bank = 0;
  };
  RefreshPolicy policy_;
  Cycle interval_ = 0;
  std::uint32_t banks_per_rank_;
  std::vector<Rank> ranks_;
  Cycle earliest_due_ = kNever;
  void find_earliest();
};

}  // namespace heddle::dram
