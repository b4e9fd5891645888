// SPDX-License-Identifier: Apache-2.0
//
// How a layer's weights were packed: what `heddle schedule` shows.
#include <bit>
#include <map>

#include "models/tactical/prepared.h"
#include "sim/base/parallel.h"

namespace heddle::models::tactical {
namespace {

using arch::kLanes;
using arch::PackingReport;
using MoveCounts = std::map<std::pair<std::uint32_t, std::int32_t>, std::uint64_t>;

void add_to(std::vector<std::uint64_t>& histogram, std::size_t at) {
  if (histogram.size() <= at) histogram.resize(at + 1);
  ++histogram[at];
}

// The distance modulo 16, in -7 .. 8, so that T's -3 and L's -6 appear as their patterns name them.
std::int32_t lane_distance(std::uint32_t from, std::uint32_t to) {
  const auto distance = static_cast<std::int32_t>((from - to) & (kLanes - 1));
  return distance > 8 ? distance - static_cast<std::int32_t>(kLanes) : distance;
}

void count_slots(const Schedule& schedule, std::size_t e, PackingReport& out, MoveCounts& moves) {
  const std::uint32_t column = schedule.columns()[e];
  for (std::size_t row = 0; row < schedule.rows(); ++row) {
    std::size_t weights = 0;
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      const Slot slot = schedule.slot(e, row, lane);
      if (slot.kind == Slot::Kind::own) ++out.own_slots;
      if (slot.kind == Slot::Kind::moved) {
        ++out.moved_slots;
        // An ideal schedule has no column of its own: distances are counted from where the weight lands.
        const std::uint32_t to = schedule.is_unlimited() ? static_cast<std::uint32_t>(e) : column;
        ++moves[{slot.column - to, lane_distance(slot.lane, lane)}];
      }
      if (slot.kind == Slot::Kind::own || slot.kind == Slot::Kind::moved) ++weights;
    }
    add_to(out.rows_by_weights, weights);
  }
  const Occupancy occupancy = schedule.occupancy(e);
  out.zero_slots += occupancy.zeros;
}

void count_before(const arch::LayerInput& input, const arch::FilterSet& set, PackingReport& out) {
  const bool dense = input.layer.has_run_time_weights();
  for (const std::uint16_t lanes : present_lanes(input, set))
    out.present_slots_before += static_cast<std::uint64_t>(std::popcount(std::uint32_t{lanes}));
  for (std::uint32_t row = 0; row < set.filters; ++row) {
    for (std::uint32_t t = 0; t < input.mapping.steps; ++t) {
      std::size_t weights = dense ? kLanes : 0;
      if (!dense) {
        for (const std::int32_t w : input.weights->brick(set.first_filter + row, t))
          weights += w != 0 ? 1U : 0U;
      }
      add_to(out.rows_before_by_weights, weights);
      out.nonzero_weights += weights;
    }
  }
}

void count_set(const Schedule& schedule, PackingReport& out, MoveCounts& moves) {
  const std::size_t before = schedule.columns_before();
  ++out.filter_sets;
  out.columns_before += before;
  out.columns_after += schedule.size();
  out.empty_sets += schedule.size() == 0 ? 1U : 0U;
  out.slowest_set_before = std::max<std::uint64_t>(out.slowest_set_before, before);
  out.slowest_set_after = std::max<std::uint64_t>(out.slowest_set_after, schedule.size());
  add_to(out.sets_by_kept_tenths, (schedule.size() * 10 + before - 1) / before);
  std::uint32_t next = 0;
  for (std::size_t e = 0; e < schedule.size(); ++e) {
    if (!schedule.is_unlimited()) {
      add_to(out.columns_by_skipped, schedule.columns()[e] - next);
      next = schedule.columns()[e] + 1;
    }
    count_slots(schedule, e, out, moves);
  }
}

}  // namespace

std::optional<PackingReport> Tactical::packing_report(const arch::LayerInput& input) const {
  PackingReport out;
  out.sets_by_kept_tenths.resize(11);
  out.rows_by_weights.resize(kLanes + 1);
  out.rows_before_by_weights.resize(kLanes + 1);
  MoveCounts moves;
  std::uint64_t slots = 0;
  std::uint64_t stored = 0;
  for (const auto& pass : input.mapping.passes) {
    std::vector<Schedule> schedules(pass.size());
    parallel_for(pass.size(), [&](std::size_t i) { schedules[i] = pack(input, pass[i], true); });
    for (std::size_t i = 0; i < pass.size(); ++i) {
      count_before(input, pass[i], out);
      count_set(schedules[i], out, moves);
      slots += schedules[i].size() * pass[i].filters * kLanes;
      for (std::size_t e = 0; e < schedules[i].size(); ++e) stored += schedules[i].occupancy(e).stored;
    }
  }
  out.empty_slots = slots - out.own_slots - out.moved_slots - out.zero_slots;
  for (const auto& [place, weights] : moves) out.moves.push_back({place.first, place.second, weights});
  if (!input.layer.has_run_time_weights()) {
    out.select_bits = stored * params_.pattern.select_bits_per_weight();
    out.skip_bits = out.columns_after * params_.pattern.skip_bits_per_column();
  }
  return out;
}

}  // namespace heddle::models::tactical
