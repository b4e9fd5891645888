// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/column_cycles.h"

#include <algorithm>
#include <array>
#include <bit>

#include "sim/kernel/shifter.h"

namespace heddle::models::tactical {
namespace {

// 16 lanes, 16 bits each, as PackedBrick lays them out.
std::array<std::uint64_t, 4> spread(std::uint16_t lanes) {
  std::array<std::uint64_t, 4> out{};
  for (unsigned lane = 0; lane < arch::kLanes; ++lane) {
    if ((lanes >> lane & 1U) != 0) out[lane / 4] |= std::uint64_t{0xffff} << lane % 4 * 16;
  }
  return out;
}

std::uint32_t any_lane(const std::array<std::uint64_t, 4>& lanes) {
  std::uint64_t all = lanes[0] | lanes[1] | lanes[2] | lanes[3];
  all |= all >> 32U;
  all |= all >> 16U;
  return static_cast<std::uint32_t>(all & 0xffffU);
}

}  // namespace

void ColumnCycles::count(const PackedSet& set, const arch::WindowSet& windows,
                         std::vector<std::uint8_t>& out) {
  out.assign(set.columns() * windows.count, 1);
  if (set.schedule.size() == 0 || model_.params().back_end == BackEnd::parallel) return;
  origins_.clear();
  for (std::uint64_t w = windows.first; w < windows.first + windows.count; ++w)
    origins_.push_back(plan_.origin(input_, set.group, w));
  if (model_.params().back_end == BackEnd::precision) {
    model_.per_row() ? row_widths(set, out) : widths(set, out);
  } else {
    model_.per_row() ? row_term_cycles(set, out) : term_cycles(set, out);
  }
}

void ColumnCycles::widths(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = origins_.size();
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    widest_.assign(windows, PackedBrick{});
    for (const kernel::Read& read : set.schedule.reads(e)) {
      const auto mask = spread(lanes_of(read));
      const PackedBrick* bricks = plan_.packed() + plan_.step_offset(read.column);
      for (std::size_t w = 0; w < windows; ++w) {
        const PackedBrick& from = bricks[origins_[w]];
        PackedBrick& to = widest_[w];
        for (std::size_t i = 0; i < mask.size(); ++i) {
          to.folded[i] |= from.folded[i] & mask[i];
          to.low[i] |= from.low[i] & mask[i];
        }
      }
    }
    for (std::size_t w = 0; w < windows; ++w) {
      const kernel::GroupBits bits{any_lane(widest_[w].folded), any_lane(widest_[w].low)};
      out[e * windows + w] = static_cast<std::uint8_t>(plan_.detector().width(bits));
    }
  }
}

void ColumnCycles::row_widths(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = origins_.size();
  const auto values = input_.activations->values();
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    for (std::size_t w = 0; w < windows; ++w) {
      const std::int32_t* origin = values.data() + origins_[w] * arch::kLanes;
      unsigned slowest = 1;
      for (std::size_t row = 0; row < set.filters; ++row) {
        kernel::GroupBits bits;
        for (const std::int32_t at : set.row_reads[e * set.filters + row]) {
          const std::int32_t x = origin[at];
          bits.folded |= static_cast<std::uint32_t>(x ^ (x >> 31));
          bits.low |= static_cast<std::uint32_t>(x);
        }
        slowest = std::max(slowest, plan_.detector().width(bits));
      }
      out[e * windows + w] = static_cast<std::uint8_t>(slowest);
    }
  }
}

void ColumnCycles::gather(const SlotReads& reads, std::size_t lanes) {
  masks_.assign(origins_.size() * lanes, 0);
  for (std::size_t w = 0; w < origins_.size(); ++w) {
    const std::uint32_t* origin = plan_.exponents() + origins_[w] * arch::kLanes;
    std::uint32_t* to = masks_.data() + w * lanes;
    for (std::size_t i = 0; i < reads.size(); ++i) {
      to[i] = origin[reads[i]];
      terms_ += static_cast<std::uint64_t>(std::popcount(to[i]));
    }
  }
}

void ColumnCycles::term_cycles(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = origins_.size();
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    reads_.clear();
    for (const kernel::Read& read : set.schedule.reads(e)) {
      const auto first = static_cast<std::int32_t>(plan_.step_offset(read.column) * arch::kLanes);
      for (std::uint32_t rest = lanes_of(read); rest != 0; rest &= rest - 1)
        reads_.push_back(first + std::countr_zero(rest));
    }
    if (reads_.empty()) continue;
    const std::size_t lanes = (reads_.size() + 3) / 4 * 4;  // the bulk kernel takes whole vectors of four
    gather(reads_, lanes);
    kernel::column_cycles(masks_, lanes, model_.params().first_stage_bits, out.subspan(e * windows, windows));
  }
}

void ColumnCycles::row_term_cycles(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = origins_.size();
  row_cycles_.resize(windows);
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    for (std::size_t row = 0; row < set.filters; ++row) {
      gather(set.row_reads[e * set.filters + row], arch::kLanes);
      kernel::brick_cycles(masks_, model_.params().first_stage_bits, row_cycles_);
      for (std::size_t w = 0; w < windows; ++w)
        out[e * windows + w] = std::max(out[e * windows + w], row_cycles_[w]);
    }
  }
}

}  // namespace heddle::models::tactical
