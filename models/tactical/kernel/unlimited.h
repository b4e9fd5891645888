// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "models/tactical/kernel/schedule.h"

namespace heddle::models::tactical {

// The ideal bound X<inf,15>: weights move any distance and leave no gap. Called by schedule().
class UnlimitedScheduler {
 public:
  static constexpr std::uint32_t kNoSource = ~std::uint32_t{0};
  static constexpr std::uint32_t kZeroSource = std::uint32_t{1} << 31U;  // flag: its weight is zero

  static Schedule run(std::span<const std::uint16_t> nonzero, std::size_t rows,
                      const ScheduleOptions& options);

 private:
  static void place(std::span<const std::uint16_t> filter, std::size_t row, Schedule& out);
  static void collect_reads(std::size_t emitted, std::size_t columns, Schedule& out);
};

}  // namespace heddle::models::tactical
