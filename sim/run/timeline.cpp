// SPDX-License-Identifier: Apache-2.0
#include "sim/run/timeline.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "sim/base/error.h"
#include "sim/dram/request_trace.h"

namespace heddle::run {
namespace {

constexpr std::uint64_t kRequestBytes = 64;

// Amounts that accrue over time, summed in equal intervals. No unit of an amount is lost to rounding.
class Intervals {
 public:
  Intervals(std::uint64_t end, std::uint64_t width) : width_(width), sums_(ceil_div(end, width), 0) {}

  void spread(std::uint64_t begin, std::uint64_t end, std::uint64_t amount) {
    std::uint64_t done = 0;
    for (std::size_t i = index(begin); i <= index(end > begin ? end - 1 : begin); ++i) {
      const std::uint64_t until = std::min(end, (i + 1) * width_);
      // In floating point, because bytes times femtoseconds do not fit 64 bits.
      const double share =
          end > begin ? static_cast<double>(until - begin) / static_cast<double>(end - begin) : 1.0;
      const std::uint64_t upto =
          until == end ? amount
                       : static_cast<std::uint64_t>(std::llround(share * static_cast<double>(amount)));
      sums_[i] += upto - done;
      done = upto;
    }
  }
  // Raises every interval that [begin, end) touches to at least `level`.
  void raise(std::uint64_t begin, std::uint64_t end, std::uint64_t level) {
    if (end <= begin) return;
    for (std::size_t i = index(begin); i <= index(end - 1); ++i) sums_[i] = std::max(sums_[i], level);
  }
  [[nodiscard]] const std::vector<std::uint64_t>& sums() const { return sums_; }

 private:
  [[nodiscard]] std::size_t index(std::uint64_t at) const {
    return std::min<std::size_t>(sums_.size() - 1, at / width_);
  }
  std::uint64_t width_;
  std::vector<std::uint64_t> sums_;
};

struct Level {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;
};

// What the weight memory holds after each change.
std::vector<Level> weights_held(const hw::Timing& timing, const memory::WorkList& list) {
  std::map<std::uint32_t, std::uint64_t> first_load;  // by item
  for (const auto& span : timing.transfers) {
    if (span.is_write || memory::cause_of(span.traffic) != memory::Cause::weights) continue;
    const auto [at, is_new] = first_load.try_emplace(span.item, span.begin);
    if (!is_new) at->second = std::min(at->second, span.begin);
  }
  // Where both happen at the same instant, room is freed before it is taken.
  std::vector<std::tuple<std::uint64_t, bool, std::uint64_t>> changes;
  for (const auto& room : list.weight_rooms) {
    const auto load = first_load.find(room.item);
    if (load == first_load.end()) continue;
    changes.emplace_back(load->second, true, room.bytes.count());
    changes.emplace_back(std::max(load->second, timing.items[room.last_item].end), false, room.bytes.count());
  }
  std::sort(changes.begin(), changes.end());
  std::vector<Level> out;
  std::uint64_t held = 0;
  for (const auto& [at, is_taken, bytes] : changes) {
    if (!out.empty()) out.back().end = at;
    held = is_taken ? held + bytes : held - bytes;
    out.push_back({at, at, held});
  }
  return out;
}

}  // namespace

Bytes most_weights_held(const hw::Timing& timing, const memory::WorkList& list) {
  std::uint64_t most = 0;
  for (const Level& level : weights_held(timing, list)) {
    if (level.end > level.begin) most = std::max(most, level.bytes);
  }
  return Bytes(most);
}

std::optional<result::TimelineRecord> timeline_of(const hw::Timing& timing, const memory::WorkList& list,
                                                  std::span<const Bytes> activation_rooms) {
  if (timing.transfers.empty()) return std::nullopt;
  HEDDLE_CHECK(activation_rooms.size() == timing.layers.size(), "the rooms belong to other layers");
  std::uint64_t end = 0;
  for (const auto& layer : timing.layers) end += layer.cycles.count() * timing.ticks_per_cycle;
  for (const auto& span : timing.transfers) end = std::max({end, span.end, std::uint64_t{1}});
  const std::uint64_t cycles = ceil_div(ceil_div(end, timing.ticks_per_cycle), result::kMostIntervals);
  const std::uint64_t width = cycles * timing.ticks_per_cycle;
  Intervals read(end, width);
  Intervals written(end, width);
  Intervals computing(end, width);
  Intervals weights(end, width);
  Intervals activations(end, width);
  for (const auto& span : timing.transfers)
    (span.is_write ? written : read).spread(span.begin, span.end, span.bytes.count());
  for (const auto& item : timing.items)
    computing.spread(item.begin, item.end, (item.end - item.begin) / timing.ticks_per_cycle);
  for (const Level& level : weights_held(timing, list)) weights.raise(level.begin, level.end, level.bytes);
  std::vector<std::uint64_t> layer_ends;
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < timing.layers.size(); ++i) {
    const std::uint64_t until = at + timing.layers[i].cycles.count();
    activations.raise(at * timing.ticks_per_cycle, until * timing.ticks_per_cycle,
                      activation_rooms[i].count());
    layer_ends.push_back(until);
    at = until;
  }
  return result::TimelineRecord{.interval_cycles = cycles,
                                .off_chip_read_bytes = read.sums(),
                                .off_chip_written_bytes = written.sums(),
                                .computing_cycles = computing.sums(),
                                .weight_memory_bytes = weights.sums(),
                                .activation_memory_bytes = activations.sums(),
                                .layer_end_cycles = std::move(layer_ends)};
}

std::string request_trace(const hw::Timing& timing, TraceForm form) {
  std::vector<hw::Span> spans = timing.transfers;
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto& a, const auto& b) { return a.handed_over < b.handed_over; });
  const std::uint64_t step = timing.granule_bytes > 1 ? timing.granule_bytes : kRequestBytes;
  std::string out;
  for (const auto& span : spans) {
    const dram::Cycle cycle = ceil_div(span.handed_over, timing.ticks_per_memory_clock);
    for (std::uint64_t at = span.address / step * step; at < span.address + span.bytes.count(); at += step) {
      const dram::TraceRequest request{at, cycle, span.is_write ? dram::Kind::write : dram::Kind::read};
      out += form == TraceForm::dramsim3 ? dram::dramsim3_line(request) : dram::dramsys_line(request);
    }
  }
  return out;
}

}  // namespace heddle::run
