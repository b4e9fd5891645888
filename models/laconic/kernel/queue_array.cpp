// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/kernel/queue_array.h"

#include <algorithm>

#include "sim/base/error.h"

namespace heddle::models::laconic {

QueueArray::QueueArray(std::size_t rows, std::size_t columns, std::uint32_t depth)
    : rows_(rows), columns_(columns), depth_(depth), ends_(rows * columns), column_latest_(columns) {
  HEDDLE_CHECK(rows > 0 && columns > 0 && depth > 0, "an array needs elements and at least one queue entry");
  if (depth_ == kUnlimited) return;
  row_releases_.resize(depth * rows);
  column_releases_.resize(depth * columns);
}

// Without a limit no element waits for another: each adds up its own work.
void QueueArray::step_freely(std::span<const std::uint16_t> pair_cycles) {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    ends_[i] += pair_cycles[i];
    finish_ = std::max(finish_, ends_[i]);
  }
}

void QueueArray::step(std::span<const std::uint16_t> pair_cycles) {
  HEDDLE_CHECK(pair_cycles.size() == ends_.size(), "one count per element");
  if (depth_ == kUnlimited) return step_freely(pair_cycles);
  // The entry holds the releases of step s - depth; those of step s replace them.
  std::uint64_t* const row_release = row_releases_.data() + entry_ * rows_;
  std::uint64_t* const column_release = column_releases_.data() + entry_ * columns_;
  std::fill(column_latest_.begin(), column_latest_.end(), 0);
  for (std::size_t i = 0; i < rows_; ++i) {
    std::uint64_t row_latest = 0;
    for (std::size_t j = 0; j < columns_; ++j) {
      std::uint64_t& end = ends_[i * columns_ + j];
      const std::uint64_t cycles = pair_cycles[i * columns_ + j];
      const std::uint64_t begin = std::max({end, row_release[i], column_release[j]});
      end = cycles == 0 ? end : begin + cycles;
      row_latest = std::max(row_latest, end);
      column_latest_[j] = std::max(column_latest_[j], end);
    }
    row_release[i] = row_latest;
    finish_ = std::max(finish_, row_latest);
  }
  std::copy(column_latest_.begin(), column_latest_.end(), column_release);
  entry_ = entry_ + 1 == depth_ ? 0 : entry_ + 1;
}

}  // namespace heddle::models::laconic
