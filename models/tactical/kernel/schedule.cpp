// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/kernel/schedule.h"

#include <algorithm>
#include <array>
#include <bit>

#include "models/tactical/kernel/unlimited.h"
#include "sim/base/error.h"
#include "sim/kernel/width.h"

namespace heddle::models::tactical {
namespace {

constexpr std::uint8_t kOwn = 0;  // 1 .. kMaxOffsets: moved by offsets[code - 1]
constexpr std::uint8_t kZero = 0xfe;
constexpr std::uint8_t kEmpty = 0xff;

// A distance to the right, modulo the lanes.
unsigned wrapped(int distance, unsigned lanes) {
  const auto width = static_cast<int>(lanes);
  return static_cast<unsigned>((distance % width + width) % width);
}

}  // namespace

// Works on bit masks of lanes. The candidates of all slots are counted at once, bit-sliced: plane p holds bit
// p of each lane's count, three planes for up to 7 places, five for up to 31, eight for all.
class TacticalScheduler {
 public:
  TacticalScheduler(std::span<const std::uint16_t> nonzero, std::size_t rows, const Pattern& pattern,
                    const ScheduleOptions& options)
      : rows_(rows),
        columns_(nonzero.size() / rows),
        ahead_(pattern.lookahead()),
        options_(options),
        all_lanes_((1U << options.lanes) - 1) {
    for (const Offset& offset : pattern.offsets()) turns_.push_back(wrapped(offset.lanes, options.lanes));
    out_.rows_ = rows;
    out_.lanes_ = options.lanes;
    out_.columns_before_ = columns_;
    out_.offsets_.assign(pattern.offsets().begin(), pattern.offsets().end());
    weights_.resize(nonzero.size());
    vacated_.resize(nonzero.size());
    stride_ = columns_;
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t t = 0; t < columns_; ++t) weights_[t * rows + row] = nonzero[row * columns_ + t];
    }
    if (options.drop_trailing_zeros) {
      while (columns_ > 0 && is_zero(columns_ - 1)) --columns_;
    }
  }

  Schedule run() {
    unsigned skipped = 0;
    for (std::size_t t = 0; t < columns_; ++t) {
      if (skipped < ahead_ && is_zero(t)) {
        ++skipped;
        continue;
      }
      skipped = 0;
      emit(t);
    }
    return std::move(out_);
  }

 private:
  // One row of the column being emitted.
  struct Row {
    std::uint32_t zeros;       // slots without a weight
    std::uint32_t filled = 0;  // slots that received one
    std::array<std::uint8_t, kernel::kBrick> codes;
  };

  [[nodiscard]] bool is_zero(std::size_t t) const {
    std::uint32_t any = 0;
    for (std::size_t row = 0; row < rows_; ++row) any |= weights_[t * rows_ + row];
    return any == 0;
  }

  void emit(std::size_t t) {
    std::fill_n(lanes_.begin(), ahead_ + 1, 0);
    std::fill_n(gated_.begin(), ahead_ + 1, 0);
    occupied_ = 0;
    depth_ = static_cast<unsigned>(std::min<std::size_t>(ahead_, columns_ - 1 - t));
    std::fill(later_.begin() + depth_, later_.begin() + ahead_, 0);
    for (std::size_t row = 0; row < rows_; ++row) emit_row(t, row);
    for (unsigned dt = 0; dt <= depth_; ++dt) {
      const auto lanes = static_cast<std::uint16_t>(lanes_[dt] | gated_[dt]);
      if (lanes == 0) continue;
      out_.reads_.push_back(
          {static_cast<std::uint32_t>(t + dt), lanes, static_cast<std::uint16_t>(gated_[dt])});
    }
    out_.read_starts_.push_back(out_.reads_.size());
    out_.columns_.push_back(static_cast<std::uint32_t>(t));
    out_.occupancy_.push_back(
        {static_cast<std::uint16_t>(occupied_), static_cast<std::uint16_t>(occupied_ >> 16U),
         static_cast<std::uint16_t>(occupied_ >> 48U), static_cast<std::uint16_t>(occupied_ >> 32U)});
  }

  void emit_row(std::size_t t, std::size_t row) {
    const std::uint32_t own = weights_[t * rows_ + row];
    Row work{.zeros = ~own & all_lanes_, .codes = {}};
    if (work.zeros != 0) {
      std::uint32_t any = 0;
      for (unsigned dt = 1; dt <= depth_; ++dt) {
        const std::uint32_t lanes = weights_[(t + dt) * rows_ + row];
        later_[dt - 1] = lanes | lanes << options_.lanes;
        any |= lanes;
      }
      if (any != 0) {
        const std::size_t places = out_.offsets_.size();
        places <= 7 ? fill<3>(work) : places <= 31 ? fill<5>(work) : fill<8>(work);
        write_back(work, t, row);
      }
    }
    gated_[0] |= own;
    const std::uint32_t absent = absent_lanes(t, row);
    const std::uint32_t gone = vacated_[t * rows_ + row] | absent;
    const std::uint32_t first = reads_first(t) ? work.zeros & absent : 0;
    lanes_[0] |= (work.zeros & ~gone) | (first != 0 ? 1U : 0U);
    occupy(t, row, own | work.filled, work.zeros & ~gone);
    if (options_.keep_slots) keep_codes(work, own, gone);
    if (first != 0 && options_.keep_slots) {
      out_.first_readers_.resize(rows_);
      out_.first_readers_[row] = static_cast<std::uint16_t>(first);
    }
  }

  [[nodiscard]] std::uint32_t absent_lanes(std::size_t t, std::size_t row) const {
    if (options_.present.empty() || options_.absent_slots == AbsentSlots::zero) return 0;
    return all_lanes_ & ~std::uint32_t{options_.present[row * stride_ + t]};
  }

  [[nodiscard]] bool reads_first(std::size_t t) const {
    return t == 0 && options_.absent_slots == AbsentSlots::first;
  }

  void occupy(std::size_t t, std::size_t row, std::uint32_t weights, std::uint32_t zeros) {
    const std::uint32_t present = options_.present.empty() ? all_lanes_ : options_.present[row * stride_ + t];
    const std::uint32_t folding = options_.folding.empty() ? 0 : options_.folding[t];
    // Four counts of set bits at once, 16 bits each.
    std::uint64_t x = std::uint64_t{weights} | std::uint64_t{zeros & present} << 16U |
                      std::uint64_t{weights | present} << 32U |
                      std::uint64_t{zeros & present & folding} << 48U;
    x -= x >> 1U & 0x5555'5555'5555'5555U;
    x = (x & 0x3333'3333'3333'3333U) + (x >> 2U & 0x3333'3333'3333'3333U);
    x = (x + (x >> 4U)) & 0x0f0f'0f0f'0f0f'0f0fU;
    occupied_ += (x + (x >> 8U)) & 0x001f'001f'001f'001fU;
  }

  template <unsigned kPlanes>
  void fill(Row& row) {
    const std::span<const Offset> offsets = out_.offsets_;
    std::array<std::uint32_t, kMaxOffsets> candidates;
    for (;;) {
      std::array<std::uint32_t, kPlanes> counts{};
      std::uint32_t eligible = 0;
      for (std::size_t k = 0; k < offsets.size(); ++k) {
        const std::uint32_t from = later_[offsets[k].columns - 1U] >> turns_[k];
        candidates[k] = from & row.zeros;  // as many bits as there are lanes
        eligible |= candidates[k];
        std::uint32_t carry = candidates[k];
        for (std::uint32_t& plane : counts) {
          const std::uint32_t next = plane & carry;
          plane ^= carry;
          carry = next;
        }
      }
      if (eligible == 0) return;
      for (unsigned p = kPlanes; p-- > 0;) {
        const bool most = options_.slot_priority == SlotPriority::most;
        const std::uint32_t better = eligible & (most ? counts[p] : ~counts[p]);
        if (better != 0) eligible = better;
      }
      std::size_t first = 0;
      const std::uint32_t slot = eligible & (0U - eligible);
      while ((candidates[first] & slot) == 0) ++first;
      move(row, slot, first);
    }
  }

  void move(Row& row, std::uint32_t slot, std::size_t offset) {
    const Offset from = out_.offsets_[offset];
    const auto lane = static_cast<unsigned>(std::countr_zero(slot));
    const unsigned turned = lane + turns_[offset];  // below twice the lanes
    const std::uint32_t source = 1U << (turned < options_.lanes ? turned : turned - options_.lanes);
    later_[from.columns - 1U] &= ~(source | source << options_.lanes);
    row.zeros &= ~slot;
    row.filled |= slot;
    row.codes[lane] = static_cast<std::uint8_t>(offset + 1);
    gated_[from.columns] |= source;
    ++out_.moves_;
  }

  void write_back(const Row& work, std::size_t t, std::size_t row) {
    if (work.filled == 0) return;
    for (unsigned dt = 1; dt <= depth_; ++dt) {
      const std::size_t at = (t + dt) * rows_ + row;
      const auto left = static_cast<std::uint16_t>(later_[dt - 1] & all_lanes_);
      vacated_[at] = static_cast<std::uint16_t>(vacated_[at] | (weights_[at] & ~left));
      weights_[at] = left;
    }
  }

  void keep_codes(Row& work, std::uint32_t own, std::uint32_t gone) {
    for (unsigned lane = 0; lane < kernel::kBrick; ++lane) {
      const std::uint32_t bit = 1U << lane;
      if ((work.filled & bit) != 0) continue;
      const bool is_empty = (gone & bit) != 0 || lane >= options_.lanes;
      work.codes[lane] = (own & bit) != 0 ? kOwn : is_empty ? kEmpty : kZero;
    }
    out_.codes_.insert(out_.codes_.end(), work.codes.begin(), work.codes.end());
  }

  std::size_t rows_;
  std::size_t columns_;
  std::size_t stride_ = 0;  // columns before trailing zeros were dropped
  unsigned ahead_;
  ScheduleOptions options_;
  std::uint32_t all_lanes_;
  std::vector<unsigned> turns_;         // by place: lanes to the right, 0 .. lanes - 1
  unsigned depth_ = 0;                  // columns that exist after the current one, at most h
  std::vector<std::uint16_t> weights_;  // [t][row], weights that have not moved yet
  std::vector<std::uint16_t> vacated_;  // [t][row], places whose weight has moved
  // For the row being filled: lanes of the column dt later, repeated, so that a rotation is a shift.
  std::array<std::uint32_t, kMaxAhead> later_{};
  std::array<std::uint32_t, kMaxAhead + 1> lanes_{};  // reads of the current column, by dt
  std::array<std::uint32_t, kMaxAhead + 1> gated_{};
  std::uint64_t occupied_ = 0;  // Occupancy of the current column, 16 bits per count
  Schedule out_;
};

Slot Schedule::slot(std::size_t emitted, std::size_t row, std::size_t lane) const {
  const std::size_t at = (emitted * rows_ + row) * kernel::kBrick + lane;
  const auto own_lane = static_cast<std::uint8_t>(lane);
  if (offsets_.empty()) {
    const std::uint32_t source = sources_.at(at);
    if (source == UnlimitedScheduler::kNoSource) return {Slot::Kind::empty, columns_[emitted], own_lane};
    if ((source & UnlimitedScheduler::kZeroSource) != 0)
      return {Slot::Kind::zero, columns_[emitted], own_lane};
    const auto column = static_cast<std::uint32_t>(source / kernel::kBrick);
    const bool own = column == emitted && source % kernel::kBrick == lane;
    return {own ? Slot::Kind::own : Slot::Kind::moved, column,
            static_cast<std::uint8_t>(source % kernel::kBrick)};
  }
  const std::uint8_t code = codes_.at(at);
  if (code == kOwn) return {Slot::Kind::own, columns_[emitted], own_lane};
  if (code == kZero) return {Slot::Kind::zero, columns_[emitted], own_lane};
  const bool reads_first =
      emitted == 0 && !first_readers_.empty() && (unsigned{first_readers_[row]} >> lane & 1U) != 0;
  if (reads_first) return {Slot::Kind::zero, columns_[emitted], 0};
  if (code == kEmpty) return {Slot::Kind::empty, columns_[emitted], own_lane};
  const Offset from = offsets_[code - 1U];
  return {Slot::Kind::moved, columns_[emitted] + from.columns,
          static_cast<std::uint8_t>((own_lane + wrapped(from.lanes, lanes_)) % lanes_)};
}

void Schedule::mark_zeros(std::span<const std::uint16_t> nonzero) {
  HEDDLE_CHECK(columns_.size() == columns_before_ && moves_ == 0 && reads_.size() == columns_.size() &&
                   nonzero.size() == rows_ * columns_.size(),
               "a schedule in which every slot holds a weight of its own");
  for (std::size_t t = 0; t < columns_.size(); ++t) {
    std::uint32_t any = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      const std::uint32_t weights = nonzero[row * columns_.size() + t];
      any |= weights;
      for (std::size_t lane = 0; lane < kernel::kBrick; ++lane) {
        if ((weights >> lane & 1U) != 0) continue;
        const std::size_t at = (t * rows_ + row) * kernel::kBrick + lane;
        if (!codes_.empty()) codes_[at] = kZero;
        if (!sources_.empty()) sources_[at] |= UnlimitedScheduler::kZeroSource;
      }
    }
    reads_[t].gated_lanes = static_cast<std::uint16_t>(any);
  }
}

Schedule schedule(std::span<const std::uint16_t> nonzero, std::size_t rows, const Pattern& pattern,
                  const ScheduleOptions& options) {
  HEDDLE_CHECK(rows > 0 && rows <= kMaxRows && nonzero.size() % rows == 0, "1..16 rows of equal length");
  HEDDLE_CHECK(options.lanes > 0 && options.lanes <= kernel::kBrick, "1..16 lanes");
  HEDDLE_CHECK(options.present.empty() || options.present.size() == nonzero.size(),
               "one mask of present lanes per column");
  if (pattern.unlimited()) return UnlimitedScheduler::run(nonzero, rows, options);
  return TacticalScheduler(nonzero, rows, pattern, options).run();
}

}  // namespace heddle::models::tactical
