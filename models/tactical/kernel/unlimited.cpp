// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/kernel/unlimited.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "sim/kernel/width.h"

namespace heddle::models::tactical {

Schedule UnlimitedScheduler::run(std::span<const std::uint16_t> nonzero, std::size_t rows,
                                 const ScheduleOptions& options) {
  Schedule out;
  out.lanes_ = options.lanes;
  const std::size_t columns = nonzero.size() / rows;
  out.rows_ = rows;
  out.columns_before_ = columns;
  std::size_t emitted = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    std::size_t count = 0;
    for (const auto lanes : nonzero.subspan(row * columns, columns))
      count += static_cast<std::size_t>(std::popcount(lanes));
    emitted = std::max(emitted, (count + options.lanes - 1) / options.lanes);
  }
  out.sources_.assign(emitted * rows * kernel::kBrick, kNoSource);
  for (std::size_t row = 0; row < rows; ++row) place(nonzero.subspan(row * columns, columns), row, out);
  collect_reads(emitted, columns, out);
  if (!options.keep_slots) out.sources_.clear();
  return out;
}

void UnlimitedScheduler::place(std::span<const std::uint16_t> filter, std::size_t row, Schedule& out) {
  std::size_t k = 0;
  for (std::size_t t = 0; t < filter.size(); ++t) {
    for (std::uint32_t rest = filter[t]; rest != 0; rest &= rest - 1, ++k) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(rest));
      out.sources_[(k / out.lanes_ * out.rows_ + row) * kernel::kBrick + k % out.lanes_] =
          static_cast<std::uint32_t>(t * kernel::kBrick) + lane;
      if (t != k / out.lanes_) ++out.moves_;
    }
  }
}

void UnlimitedScheduler::collect_reads(std::size_t emitted, std::size_t columns, Schedule& out) {
  const std::size_t slots = out.rows_ * kernel::kBrick;
  std::vector<std::uint16_t> lanes(columns);
  std::vector<std::uint32_t> touched;
  for (std::size_t e = 0; e < emitted; ++e) {
    touched.clear();
    std::uint16_t weights = 0;
    for (const std::uint32_t source : std::span(out.sources_).subspan(e * slots, slots)) {
      if (source == kNoSource) continue;
      ++weights;
      std::uint16_t& mask = lanes[source / kernel::kBrick];
      if (mask == 0) touched.push_back(static_cast<std::uint32_t>(source / kernel::kBrick));
      mask = static_cast<std::uint16_t>(mask | 1U << source % kernel::kBrick);
    }
    std::sort(touched.begin(), touched.end());
    out.columns_.push_back(touched.front());
    for (const std::uint32_t t : touched) {
      out.reads_.push_back({t, lanes[t], lanes[t]});
      lanes[t] = 0;
    }
    out.read_starts_.push_back(out.reads_.size());
    out.occupancy_.push_back({weights, 0, 0, weights});
  }
}

}  // namespace heddle::models::tactical
