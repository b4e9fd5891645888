// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/column_cycles.h"

#include <algorithm>
#include <array>
#include <bit>

#include "sim/kernel/shifter.h"

namespace heddle::models::tactical {
namespace {

// 16 lanes of 16 bits each, laid out like PackedBrick.
std::array<std::uint64_t, 4> spread(std::uint16_t lanes) {
  std::array<std::uint64_t, 4> out{};
  for (unsigned lane = 0; lane < arch::kLanes; ++lane) {
    if ((unsigned{lanes} >> lane & 1U) != 0) out[lane / 4] |= std::uint64_t{0xffff} << lane % 4 * 16;
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
  out.assign(set.columns() * windows.count,
             1);  // a column takes as long as its slowest subword
  if (set.schedule.size() == 0 || model_.params().back_end == BackEnd::parallel) return;
  if (model_.params().back_end == BackEnd::terms) {
    find_chunks(set, windows);
    const bool alone = windows.count == 1 && !model_.per_row() && prepared_.subwords() == 1;
    alone ? column_batches(set, out) : term_cycles(set, out);
    return;
  }
  origins_.clear();
  for (std::uint64_t w = windows.first; w < windows.first + windows.count; ++w)
    origins_.push_back(prepared_.origin(input_, set.group, w));
  for (subword_ = 0; subword_ < prepared_.subwords(); ++subword_)
    model_.per_row() ? row_widths(set, out) : widths(set, out);
}

void ColumnCycles::widths(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = origins_.size();
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    widest_.assign(windows, PackedBrick{});
    for (const Read& read : set.schedule.reads(e)) {
      const auto mask = spread(lanes_of(read));
      const PackedBrick* bricks = prepared_.packed(subword_) + prepared_.step_offset(read.column);
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
      out[e * windows + w] =
          std::max(out[e * windows + w], static_cast<std::uint8_t>(prepared_.detector().width(bits)));
    }
  }
}

void ColumnCycles::row_widths(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = origins_.size();
  const PackedBrick* bricks = prepared_.packed(subword_);
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    for (std::size_t w = 0; w < windows; ++w) {
      unsigned slowest = out[e * windows + w];
      for (std::size_t row = 0; row < set.filters; ++row) {
        kernel::GroupBits bits;
        for (const SlotRead& at : set.row_reads[e * set.filters + row]) {
          const PackedBrick& brick = bricks[origins_[w] + prepared_.step_offset(at.step)];
          const unsigned place = at.lane % 4 * 16;
          bits.folded |= static_cast<std::uint32_t>(brick.folded[at.lane / 4] >> place) & 0xffffU;
          bits.low |= static_cast<std::uint32_t>(brick.low[at.lane / 4] >> place) & 0xffffU;
        }
        slowest = std::max(slowest, prepared_.detector().width(bits));
      }
      out[e * windows + w] = static_cast<std::uint8_t>(slowest);
    }
  }
}

void ColumnCycles::find_chunks(const PackedSet& set, const arch::WindowSet& windows) {
  const workload::LoweredLayer& layer = input_.lowered;
  chunks_.clear();
  for (std::size_t first = 0; first < windows.count; first += kernel::kShifterColumns) {
    Chunk& chunk = chunks_.emplace_back();
    chunk.first = first;
    chunk.count = std::min<std::size_t>(kernel::kShifterColumns, windows.count - first);
    for (std::size_t i = 0; i < chunk.count; ++i) {
      const std::size_t from = prepared_.terms().origin(layer, set.group, windows.first + first + i);
      chunk.origins.push_back(from);
      if (!chunk.runs.empty() && chunk.runs.back().from + chunk.runs.back().count == from) {
        ++chunk.runs.back().count;
      } else {
        chunk.runs.push_back({i, 1, from});
      }
    }
    if (chunk.runs.size() > chunk.count / 2) chunk.runs.clear();
    chunk.needs_wide = prepared_.terms().needs_wide(
        layer, set.group, {windows.first + first, static_cast<std::uint32_t>(chunk.count)});
  }
}

void ColumnCycles::find_reads(const PackedSet& set, std::size_t emitted) {
  reads_.clear();
  for (const Read& read : set.schedule.reads(emitted)) {
    for (std::uint32_t rest = lanes_of(read); rest != 0; rest &= rest - 1)
      reads_.push_back(
          prepared_.terms().offset(read.column, static_cast<std::uint32_t>(std::countr_zero(rest))));
  }
}

// Gathers the masks that the chunk's windows read, lane by lane. Columns without a window are empty.
template <class Mask>
std::span<Mask> ColumnCycles::gather(const Chunk& chunk, const Mask* image, std::vector<Mask>& state) {
  const std::size_t size = reads_.size() * kernel::kShifterColumns;
  if (state.size() < size) state.resize(size);
  if (chunk.count < kernel::kShifterColumns)
    std::fill_n(state.begin(), static_cast<std::ptrdiff_t>(size), Mask{0});
  Mask* to = state.data();
  for (const std::size_t read : reads_) {
    const Mask* from = image + read;
    for (const auto& run : chunk.runs) std::copy_n(from + run.from, run.count, to + run.to);
    for (std::size_t i = 0; i < chunk.origins.size() && chunk.runs.empty(); ++i)
      to[i] = from[chunk.origins[i]];
    to += kernel::kShifterColumns;
  }
  return {state.data(), size};
}

void ColumnCycles::shift_chunk(const Chunk& chunk, std::uint32_t subword, std::span<std::uint8_t> out) {
  const unsigned first_stage_bits = model_.params().first_stage_bits;
  terms_ += chunk.needs_wide
                ? kernel::lane_cycles(gather(chunk, prepared_.terms().wide(), wide_), first_stage_bits, out)
                : kernel::lane_cycles(gather(chunk, prepared_.terms().narrow(subword), narrow_),
                                      first_stage_bits, out);
}

void ColumnCycles::shift_windows(std::span<std::uint8_t> out) {
  std::array<std::uint8_t, kernel::kShifterColumns> cycles;
  for (const Chunk& chunk : chunks_) {
    for (std::uint32_t subword = 0; subword < prepared_.subwords(); ++subword) {
      const std::span<std::uint8_t> own(cycles.data(), chunk.count);
      shift_chunk(chunk, subword, own);
      for (std::size_t i = 0; i < chunk.count; ++i)
        out[chunk.first + i] = std::max(out[chunk.first + i], own[i]);
    }
  }
}

void ColumnCycles::term_cycles(const PackedSet& set, std::span<std::uint8_t> out) {
  const std::size_t windows = out.size() / set.columns();
  for (std::size_t e = 0; e < set.schedule.size(); ++e) {
    const auto own = out.subspan(e * windows, windows);
    if (!model_.per_row()) {
      find_reads(set, e);
      shift_windows(own);
      continue;
    }
    for (std::size_t row = 0; row < set.filters; ++row) {
      reads_.clear();
      for (const SlotRead& at : set.row_reads[e * set.filters + row])
        reads_.push_back(prepared_.terms().offset(at.step, at.lane));
      shift_windows(own);
    }
  }
}

void ColumnCycles::column_batches(const PackedSet& set, std::span<std::uint8_t> out) {
  const Chunk& window = chunks_.front();
  if (window.needs_wide) return term_cycles(set, out);
  const std::uint16_t* image = prepared_.terms().narrow(0) + window.origins.front();
  for (std::size_t first = 0; first < set.schedule.size(); first += kernel::kShifterColumns) {
    const std::size_t count = std::min(kernel::kShifterColumns, set.schedule.size() - first);
    std::size_t lanes = 0;
    std::fill(narrow_.begin(), narrow_.end(), std::uint16_t{0});
    for (std::size_t i = 0; i < count; ++i) {
      find_reads(set, first + i);
      lanes = std::max(lanes, reads_.size());
      if (narrow_.size() < lanes * kernel::kShifterColumns) narrow_.resize(lanes * kernel::kShifterColumns);
      for (std::size_t lane = 0; lane < reads_.size(); ++lane)
        narrow_[lane * kernel::kShifterColumns + i] = image[reads_[lane]];
    }
    terms_ += kernel::lane_cycles(std::span(narrow_.data(), lanes * kernel::kShifterColumns),
                                  model_.params().first_stage_bits, out.subspan(first, count));
  }
}

}  // namespace heddle::models::tactical
