// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/prefetch.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/memory/proportion.h"

namespace heddle::memory {
namespace {

// The bandwidths that are tried, in 64ths of a byte per cycle: from 64 KiB per cycle down, each a sixteenth
// less than the one before. Below one 64th even a small array always waits for the bus.
constexpr std::uint64_t kFraction = 64;
constexpr std::uint64_t kFastest = kFraction << 16U;
constexpr std::uint64_t kDecrements = 16;
constexpr std::uint64_t kLongest = std::uint64_t{1} << 40U;  // cycles of a piece, so that the product fits

class Leveller {
 public:
  Leveller(std::span<const Queued> others, std::span<const Movable> loads, std::span<const Work> items,
           std::uint32_t first)
      : loads_(loads),
        items_(items),
        first_(first),
        others_(items.size(), 0),
        placed_(items.size(), 0),
        most_(items.size(), 0) {
    for (const auto& q : others) others_[index(q.position)] += q.transfer.bytes.count();
    for (const auto& load : loads) {
      placed_[index(load.latest)] += load.transfer.bytes.count();
      most_[index(load.transfer.after)] += load.transfer.bytes.count();
    }
    for (std::size_t i = 1; i < items.size(); ++i) {
      placed_[i] += placed_[i - 1];
      most_[i] += most_[i - 1];
    }
  }

  std::vector<Queued> run() {
    for (std::uint64_t rate = kFastest; rate > 0; rate -= ceil_div(rate, kDecrements)) sweep(rate);
    return cut();
  }

 private:
  // Stores of the last piece join after all work; they count with the last piece.
  [[nodiscard]] std::size_t index(std::uint32_t position) const {
    return std::min<std::size_t>(position - first_, items_.size() - 1);
  }

  // Bytes of loads that the bus carries at this rate while a piece computes, besides the other transfers.
  [[nodiscard]] std::uint64_t spare(std::size_t i, std::uint64_t rate) const {
    const std::uint64_t carried = std::min(items_[i].compute.count(), kLongest) * rate / kFraction;
    return carried > others_[i] ? carried - others_[i] : 0;
  }

  void sweep(std::uint64_t rate) {
    // Bytes that do not fit move to earlier pieces, also past pieces that are full ...
    std::vector<std::uint64_t> wanted = placed_;
    for (std::size_t i = wanted.size() - 1; i > 0; --i) {
      const std::uint64_t before = wanted[i] - std::min(wanted[i], spare(i, rate));
      wanted[i - 1] = std::max(wanted[i - 1], std::min(before, most_[i - 1]));
    }
    // ... and those that find no room in any earlier piece stay where they were.
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < placed_.size(); ++i)
      before = placed_[i] = std::max(placed_[i], std::min(wanted[i], before + spare(i, rate)));
  }

  std::vector<Queued> cut() const {
    std::vector<Queued> out;
    std::uint64_t begin = 0;  // bytes of all loads before this one
    std::size_t i = 0;
    for (const Movable& load : loads_) {
      const std::uint64_t bytes = load.transfer.bytes.count();
      for (std::uint64_t done = 0; done < bytes;) {
        while (placed_[i] <= begin + done) ++i;
        const std::uint64_t end = cut_end(load.transfer, placed_[before_others(i)] - begin);
        out.push_back(part(load, done, end, static_cast<std::uint32_t>(first_ + i)));
        done = end;
      }
      begin += bytes;
    }
    return out;
  }
  // A load is cut only where another transfer can pass between its parts.
  [[nodiscard]] std::size_t before_others(std::size_t i) const {
    while (i + 1 < others_.size() && others_[i + 1] == 0) ++i;
    return i;
  }
  static std::uint64_t cut_end(const Transfer& t, std::uint64_t wanted) {
    const std::uint64_t cut = ceil_div(t.address + wanted, kCut) * kCut - t.address;
    return std::min(t.bytes.count(), cut);
  }
  static Queued part(const Movable& load, std::uint64_t begin, std::uint64_t end, std::uint32_t position) {
    const Transfer& all = load.transfer;
    Transfer t = all;
    t.address += begin;
    t.bytes = Bytes(end - begin);
    t.codec = share(all.codec, {begin, end, all.bytes.count()});
    return {t, position, load.reads_back, position < load.latest};
  }

  std::span<const Movable> loads_;
  std::span<const Work> items_;
  std::uint32_t first_;
  std::vector<std::uint64_t> others_;  // bytes of the other transfers at each position
  std::vector<std::uint64_t> placed_;  // bytes of loads up to each position
  std::vector<std::uint64_t> most_;    // bytes of loads for which there is room up to each position
};

}  // namespace

std::vector<Queued> place_ahead(std::span<const Queued> others, std::span<const Movable> loads,
                                std::span<const Work> items, std::uint32_t first) {
  HEDDLE_CHECK(!items.empty(), "loads for no work");
  return Leveller(others, loads, items, first).run();
}

}  // namespace heddle::memory
