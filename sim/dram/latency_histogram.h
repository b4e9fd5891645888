// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace heddle::dram {

// Counts of latencies in constant memory: exact below 4096 cycles, above it 2048 buckets per octave, so that
// a percentile is too low by less than 0.05 %.
class LatencyHistogram {
 public:
  void add(std::uint64_t cycles) {
    const std::size_t bucket = bucket_of(cycles);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++total_;
    sum_ += static_cast<double>(cycles);
    largest_ = cycles > largest_ ? cycles : largest_;
    smallest_ = cycles < smallest_ ? cycles : smallest_;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t smallest() const { return total_ == 0 ? 0 : smallest_; }
  [[nodiscard]] std::uint64_t largest() const { return largest_; }
  [[nodiscard]] double mean() const { return total_ == 0 ? 0 : sum_ / static_cast<double>(total_); }
  // The smallest latency that at least `per_mille` thousandths of the requests do not exceed.
  [[nodiscard]] std::uint64_t percentile(std::uint64_t per_mille) const {
    const std::uint64_t wanted = (total_ * per_mille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= wanted && seen > 0) return value_of(bucket);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 11;
  static std::size_t bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kBits + 1) return value;
    const unsigned shift = width - kBits - 1;
    return (std::size_t{shift} << kBits) + (value >> shift);
  }
  static std::uint64_t value_of(std::size_t bucket) {
    if (bucket < (std::size_t{1} << (kBits + 1))) return bucket;
    const std::size_t shift = (bucket >> kBits) - 1;
    return (std::uint64_t{bucket} - (std::uint64_t{shift} << kBits)) << shift;
  }
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  std::uint64_t smallest_ = ~std::uint64_t{0};
  std::uint64_t largest_ = 0;
  double sum_ = 0;
};

}  // namespace heddle::dram
