// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/prepared.h"

#include <algorithm>
#include <bit>

#include "sim/base/error.h"
#include "sim/base/parallel.h"

namespace heddle::models::tactical {
namespace {

std::uint16_t nonzero_lanes(workload::Brick brick) {
  std::uint32_t mask = 0;
  for (unsigned lane = 0; lane < arch::kLanes; ++lane) mask |= (brick[lane] != 0 ? 1U : 0U) << lane;
  return static_cast<std::uint16_t>(mask);
}

// Of each row and step of a filter set, as schedule() takes them.
std::vector<std::uint16_t> nonzero_lanes(const arch::LayerInput& input, const arch::FilterSet& set) {
  std::vector<std::uint16_t> out;
  for (std::uint32_t row = 0; row < set.filters; ++row) {
    for (std::uint32_t t = 0; t < input.mapping.steps; ++t)
      out.push_back(nonzero_lanes(input.weights->brick(set.first_filter + row, t)));
  }
  return out;
}

PackedBrick pack_brick(workload::Brick brick) {
  PackedBrick out{};
  for (unsigned lane = 0; lane < arch::kLanes; ++lane) {
    const std::int32_t x = brick[lane];
    const unsigned place = lane % 4 * 16;
    out.folded[lane / 4] |= std::uint64_t{static_cast<std::uint16_t>(x ^ (x >> 31))} << place;
    out.low[lane / 4] |= std::uint64_t{static_cast<std::uint16_t>(x)} << place;
  }
  return out;
}

}  // namespace

std::vector<std::uint16_t> present_lanes(const arch::LayerInput& input, const arch::FilterSet& set) {
  const workload::LoweredLayer& lowered = input.lowered;
  const workload::ChannelGroup& group = lowered.groups[set.group];
  const std::uint32_t steps = input.mapping.steps;
  std::vector<std::uint16_t> out(std::size_t{set.filters} * steps);
  for (std::uint32_t row = 0; row < set.filters; ++row) {
    for (std::uint32_t t = 0; t < steps; ++t) {
      std::uint32_t lanes = (1U << lowered.lanes(group, t % lowered.bricks)) - 1;
      if (lowered.is_depthwise) {
        lanes = 1U << ((set.first_filter + row - group.first_filter) / (group.filters / group.channels));
      }
      out[std::size_t{row} * steps + t] = static_cast<std::uint16_t>(lanes);
    }
  }
  return out;
}

Schedule Tactical::pack(const arch::LayerInput& input, const arch::FilterSet& set, bool keep_slots) const {
  const std::vector<std::uint16_t> nonzero =
      input.layer.has_run_time_weights()
          ? std::vector<std::uint16_t>(std::size_t{set.filters} * input.mapping.steps, 0xffff)
          : nonzero_lanes(input, set);
  const auto present = present_lanes(input, set);
  std::vector<std::uint16_t> folding;
  for (std::uint32_t t = 0; input.lowered.extends_kernel() && t < input.mapping.steps; ++t)
    folding.push_back(input.lowered.extension_lanes(t));
  ScheduleOptions options = params_.schedule;
  options.keep_slots = keep_slots;
  options.lanes = input.lowered.lanes_in_use();
  options.present = present;
  options.folding = folding;
  return schedule(nonzero, set.filters, params_.pattern, options);
}

Schedule Tactical::pack_as_loaded(const arch::LayerInput& input, const arch::FilterSet& set,
                                  bool keep_slots) const {
  Schedule out = pack(input, set, keep_slots);
  if (params_.gate_zero_slots && input.layer.has_run_time_weights())
    out.mark_zeros(nonzero_lanes(input, set));
  return out;
}

PreparedTactical::PreparedTactical(const Tactical& model, const arch::LayerInput& input) {
  const workload::LoweredLayer& lowered = input.lowered;
  for (std::uint32_t step = 0; step < input.mapping.steps; ++step) {
    const auto at = lowered.step_at(step);
    step_offsets_.push_back((std::size_t{at.ky} * lowered.dilation_y * lowered.padded_width +
                             std::size_t{at.kx} * lowered.dilation_x) *
                                lowered.bricks +
                            at.brick);
  }
  pack_sets(model, input);
  if (model.params().back_end != BackEnd::parallel) summarize(model.params(), input);
}

std::size_t PreparedTactical::origin(const arch::LayerInput& input, std::uint32_t group,
                                     std::uint64_t window) const {
  const auto at = input.lowered.window_at(window);
  return input.activations->index(group, at.y * input.lowered.stride_y, at.x * input.lowered.stride_x, 0);
}

void PreparedTactical::pack_sets(const Tactical& model, const arch::LayerInput& input) {
  const auto& passes = input.mapping.passes;
  const bool gated = model.params().gate_zero_slots;
  sets_.resize(passes.size());
  std::vector<std::pair<std::size_t, std::size_t>> all;
  for (std::size_t p = 0; p < passes.size(); ++p) {
    sets_[p].resize(passes[p].size());
    for (std::size_t tile = 0; tile < passes[p].size(); ++tile) all.emplace_back(p, tile);
  }
  parallel_for(all.size(), [&](std::size_t i) {
    const arch::FilterSet& from = passes[all[i].first][all[i].second];
    PackedSet& to = sets_[all[i].first][all[i].second];
    to.schedule = model.pack_as_loaded(input, from, model.per_row());
    to.group = from.group;
    to.filters = from.filters;
    const workload::ChannelGroup& group = input.lowered.groups[from.group];
    to.present_slots = from.filters * input.lowered.slots_in(group, 0);
    to.folding_slots = to.present_slots - from.filters * input.lowered.weights_in(group, 0);
    if (!model.per_row()) return;
    for (std::size_t e = 0; e < to.schedule.size(); ++e) {
      for (std::size_t row = 0; row < from.filters; ++row) {
        SlotReads reads;
        for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
          const Slot slot = to.schedule.slot(e, row, lane);
          if (slot.kind == Slot::Kind::empty || (gated && slot.kind == Slot::Kind::zero)) continue;
          reads.push_back({slot.column, slot.lane});
        }
        to.row_reads.push_back(std::move(reads));
      }
    }
  });
}

void PreparedTactical::summarize(const Params& params, const arch::LayerInput& input) {
  subwords_ = input.mapping.composition.columns;
  if (params.back_end == BackEnd::terms) {
    terms_ = TermImage(params, input);
    return;
  }
  detector_ = pricing::WidthDetector::of_activations(params.width_rule, params.trim_low, input);
  const workload::ActivationBricks& image = *input.activations;
  packed_.reserve(subwords_ * image.count());
  std::array<std::int32_t, arch::kLanes> part;
  for (std::uint32_t subword = 0; subword < subwords_; ++subword) {
    for (std::size_t i = 0; i < image.count(); ++i) {
      const workload::Brick brick = image.brick(i);
      for (std::size_t lane = 0; lane < part.size(); ++lane) {
        part[lane] = subwords_ == 1
                         ? brick[lane]
                         : arch::subword_of(brick[lane], subword, params.array.pe_width, detector_.is_signed);
      }
      packed_.push_back(pack_brick(part));
    }
  }
}

}  // namespace heddle::models::tactical
