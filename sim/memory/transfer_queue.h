// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "sim/memory/prefetch.h"
#include "sim/memory/work_list.h"

namespace heddle::memory {

// A load joins the DMA's queue this many items before the one that needs it, or with the loads of so many
// bytes that come directly before it, or later where there is no room yet. That is early enough to hide the
// memory's latency, and late enough that what is needed soon does not wait behind what is needed late.
// Weights join even earlier where the bus has time (prefetch.h). Our choice.
inline constexpr std::uint32_t kQueueAhead = 16;
inline constexpr std::uint64_t kBytesAhead = 16384;

// Decides when each transfer joins the DMA's queue. Transfers come in the order of the work that they serve.
class TransferQueue {
 public:
  // Without off-chip memory nothing is queued.
  explicit TransferQueue(bool has_off_chip) : has_off_chip_(has_off_chip) {}

  // `reads_back`: the load reads what earlier stores have written.
  void load(const Transfer& transfer, bool reads_back);
  void store(const Transfer& transfer);
  [[nodiscard]] std::uint32_t stores() const { return stores_; }

  // Moves the sample's weight loads to where the bus has time. `items` is the work of the sample.
  void end_sample(std::span<const Work> items);
  std::vector<Transfer> finish() { return order_transfers(std::move(queued_)); }

 private:
  void keep_movable(const Queued& load);
  [[nodiscard]] std::uint32_t early(const Transfer& load);

  struct Place {
    std::uint32_t position = 0;
    bool reads_back = false;
  };

  bool has_off_chip_;
  std::deque<std::pair<std::uint32_t, std::uint64_t>> recent_;  // items and bytes of loads
  std::uint64_t recent_bytes_ = 0;
  std::vector<Queued> queued_;     // of all samples
  std::vector<Movable> movable_;   // of the sample
  std::size_t sample_queued_ = 0;  // of `queued_`, before the sample
  std::uint32_t sample_start_ = 0;
  std::uint32_t stores_ = 0;
  std::array<Place, kCauses> last_load_{};  // of each cause
};

}  // namespace heddle::memory
