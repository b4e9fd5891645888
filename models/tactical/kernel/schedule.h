// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/tactical/kernel/pattern.h"
#include "sim/kernel/width.h"

namespace heddle::models::tactical {

inline constexpr std::uint32_t kMaxRows = 16;  // of the scheduler: all rows of a filter set advance together

// Which of the zero slots with candidates is filled first. Among equals it is the lowest lane.
enum class SlotPriority : std::uint8_t { fewest, most };

// What slots hold in lanes where the row's filter has no channel: zero weights like others; nothing; or
// nothing, except that those of the first column read its lane 0.
enum class AbsentSlots { zero, empty, first };

struct ScheduleOptions {
  SlotPriority slot_priority = SlotPriority::fewest;
  bool drop_trailing_zeros = false;  // DNNsim: all-zero columns at the filters' end do not exist
  AbsentSlots absent_slots = AbsentSlots::zero;
  bool keep_slots = true;           // keep what every slot holds; counting needs the reads only
  unsigned lanes = kernel::kBrick;  // of a row, at most 16; places wrap around in them
  // Lanes that hold a channel of the row's filter, laid out as `nonzero`; empty: all of them do.
  std::span<const std::uint16_t> present = {};
  // Lanes of each column in which folding extends the kernel with a zero; empty: none.
  std::span<const std::uint16_t> folding = {};
};

// What one slot of an emitted column multiplies.
struct Slot {
  // own: the slot's original weight. moved: a weight promoted from (column, lane). zero: an original zero,
  // which still reads its own activation (column, lane). empty: vacated by a promotion or, with an unlimited
  // pattern, past the filter's last weight; it contributes nothing.
  enum class Kind : std::uint8_t { own, moved, zero, empty } kind;
  std::uint32_t column;
  std::uint8_t lane;
};

// Activations of one source column that an emitted column reads, one bit per lane, any row.
struct Read {
  std::uint32_t column;       // the source column t; at most h beyond the emitted one
  std::uint16_t lanes;        // zero slots read their own activation
  std::uint16_t gated_lanes;  // option gate_zero_slots: non-zero weights only; may be none
};

// What the slots of an emitted column hold, counted over all rows.
struct Occupancy {
  std::uint16_t weights;        // non-zero weights, own or moved
  std::uint16_t zeros;          // zeros of channels that are present, never vacated
  std::uint16_t folding_zeros;  // those of the zeros by which folding extends the kernel
  std::uint16_t stored;  // slots that must be stored: with a present channel of the column, or moved into
};

// One filter set after scheduling. Immutable after construction and independent of the window.
class Schedule {
 public:
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns_before() const { return columns_before_; }
  // The number of emitted columns; 0 for a set that emits nothing (which still costs 1 per window set).
  [[nodiscard]] std::size_t size() const { return columns_.size(); }
  // The source column of each emitted column; for unlimited patterns the earliest that it reads.
  [[nodiscard]] std::span<const std::uint32_t> columns() const { return columns_; }
  // In ascending order of source columns, without those of which nothing is read.
  [[nodiscard]] std::span<const Read> reads(std::size_t emitted) const {
    return std::span(reads_).subspan(read_starts_[emitted],
                                     read_starts_[emitted + 1] - read_starts_[emitted]);
  }
  [[nodiscard]] Occupancy occupancy(std::size_t emitted) const { return occupancy_[emitted]; }
  // Requires keep_slots.
  [[nodiscard]] Slot slot(std::size_t emitted, std::size_t row, std::size_t lane) const;
  // Made with an unlimited pattern: an emitted column has no source column of its own.
  [[nodiscard]] bool is_unlimited() const { return offsets_.empty(); }
  // The number of weights that left their column.
  [[nodiscard]] std::uint64_t moves() const { return moves_; }
  // For weights that are known at run time only, scheduled as if none were zero: slots whose weight turns out
  // to be zero become zero slots. `nonzero` as for schedule(). Every column stays, and what the columns hold
  // is counted as before.
  void mark_zeros(std::span<const std::uint16_t> nonzero);

 private:
  friend class TacticalScheduler;
  friend class UnlimitedScheduler;

  std::size_t rows_ = 0;
  std::size_t columns_before_ = 0;
  std::vector<std::uint32_t> columns_;
  std::vector<std::size_t> read_starts_{0};
  std::vector<Read> reads_;
  std::vector<Occupancy> occupancy_;
  std::uint64_t moves_ = 0;
  unsigned lanes_ = kernel::kBrick;
  std::vector<Offset> offsets_;               // what the codes below mean
  std::vector<std::uint8_t> codes_;           // [emitted][row][lane]
  std::vector<std::uint16_t> first_readers_;  // [row], lanes of column 0: AbsentSlots::first
  std::vector<std::uint32_t> sources_;        // the same for unlimited patterns: 16 t + lane
};

// Bit-Tactical's software scheduler for one filter set (arXiv 1803.03688). nonzero[row * columns + t] has bit
// l set when the weight of lane l in column t is non-zero, l < options.lanes; rows 1..16. All rows advance
// together: a column that is zero in all rows is skipped, unless the h columns before it were skipped. In any
// other column, each row repeatedly takes the zero slot that the priority chooses and fills it with its first
// candidate in search order. No weight crosses rows or the set's end. Unlimited patterns: the k-th non-zero
// of a row goes to column k / 16, lane k mod 16.
Schedule schedule(std::span<const std::uint16_t> nonzero, std::size_t rows, const Pattern& pattern,
                  const ScheduleOptions& options = {});

}  // namespace heddle::models::tactical
