// SPDX-License-Identifier: Apache-2.0
#include "models/loom/prepared.h"

#include <algorithm>
#include <numeric>

#include "sim/base/parallel.h"

namespace heddle::models::loom {
namespace {

// The width of every brick.
std::vector<std::uint8_t> brick_widths(const Loom& model, std::span<const std::int32_t> values, unsigned bits,
                                       const pricing::WidthDetector& detector) {
  std::vector<std::uint8_t> out(values.size() / workload::kBrick);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(
        model.width(values.subspan(i * workload::kBrick).first<workload::kBrick>(), bits, detector));
  }
  return out;
}

// First brick of each window of the block in the image of group 0, window set after window set.
std::vector<std::size_t> window_bases(const arch::LayerInput& input, const arch::Block& block) {
  std::vector<std::size_t> out;
  for (const auto s : block.window_sets) {
    const auto& set = input.mapping.window_sets[s];
    for (std::uint64_t w = set.first; w < set.first + set.count; ++w) {
      out.push_back(workload::brick_index(*input.activations, input.lowered, 0, w, 0));
    }
  }
  return out;
}

}  // namespace

std::unique_ptr<arch::Prepared> Loom::prepare(const arch::LayerInput& input) const {
  auto prepared = std::make_unique<PreparedLoom>();
  const auto& precision = input.layer.precision;
  const auto bit_steps = [this](unsigned bits) {
    return static_cast<std::uint32_t>(ceil_div(bits, params_.bits_per_cycle));
  };
  prepared->layer_bit_steps = bit_steps(std::min(precision.activation_bits, params_.array.pe_width));
  prepared->layer_weight_bits = std::min(precision.weight_bits, params_.array.pe_width);
  prepared->layer_weight_steps = params_.composed_weights == ComposedWeights::layer
                                     ? precision.weight_bits
                                     : prepared->layer_weight_bits;
  if (params_.activation_width == ActivationWidth::dynamic) {
    const auto values = input.activations->values();
    prepared->brick_bit_steps =
        brick_widths(*this, values, precision.activation_bits, activation_detector(input));
    for (auto& brick : prepared->brick_bit_steps) brick = static_cast<std::uint8_t>(bit_steps(brick));
  }
  if (!has_group_widths(input)) return prepared;
  if (params_.weight_precision == WeightPrecision::values) {
    const auto values = input.weights->values();
    prepared->weight_bits = brick_widths(*this, values, precision.weight_bits, weight_detector(input));
  } else {
    prepared->weight_bits = input.group_widths;
    for (auto& bits : prepared->weight_bits)
      bits = static_cast<std::uint8_t>(std::min<unsigned>(bits, params_.array.pe_width));
  }
  if (params_.weight_sync == WeightSync::mean) {
    prepared->mean_sum =
        std::accumulate(prepared->weight_bits.begin(), prepared->weight_bits.end(), std::uint64_t{0});
    prepared->mean_count = prepared->weight_bits.size();
  }
  return prepared;
}

Streams streams_of(const arch::LayerInput& input, const PreparedLoom& prepared, const arch::Block& block,
                   const std::vector<std::uint32_t>& groups) {
  const std::uint32_t steps = input.mapping.steps;
  const auto& sets = input.mapping.window_sets;
  Streams out;
  std::uint64_t windows = 0;
  for (const auto s : block.window_sets) windows += sets[s].count;
  if (prepared.brick_bit_steps.empty()) {
    out.widest.assign(steps, block.window_sets.size() * prepared.layer_bit_steps);
    out.held.assign(steps, windows * prepared.layer_bit_steps);
    out.own.assign(groups.size(), out.held);
    return out;
  }
  out.widest.assign(steps, 0);
  out.held.assign(steps, 0);
  out.own.assign(groups.size(), std::vector<std::uint64_t>(steps, 0));
  const auto bases = window_bases(input, block);
  parallel_for(steps, [&](std::size_t step) {
    const auto at = input.lowered.step_at(static_cast<std::uint32_t>(step));
    std::size_t window = 0;
    for (const auto s : block.window_sets) {
      std::uint32_t widest = 1;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const std::size_t offset = input.activations->index(groups[g], at.ky * input.lowered.dilation_y,
                                                            at.kx * input.lowered.dilation_x, at.brick);
        for (std::size_t w = window; w < window + sets[s].count; ++w) {
          const std::uint32_t bit_steps = prepared.brick_bit_steps[bases[w] + offset];
          widest = std::max(widest, bit_steps);
          out.own[g][step] += bit_steps;
        }
      }
      out.widest[step] += widest;
      out.held[step] += std::uint64_t{widest} * sets[s].count;
      window += sets[s].count;
    }
  });
  return out;
}

PassWeights weights_of(const arch::LayerInput& input, const PreparedLoom& prepared, std::uint32_t pass) {
  const std::uint32_t steps = input.mapping.steps;
  PassWeights out;
  out.widest.assign(steps, prepared.weight_bits.empty() ? prepared.layer_weight_steps : 1);
  for (const auto& set : input.mapping.passes[pass]) {
    if (out.groups.empty() || out.groups.back() != set.group) {
      out.groups.push_back(set.group);
      out.filters.push_back(0);
      out.own.emplace_back(steps, 0);
    }
    out.filters.back() += set.filters;
    for (std::uint32_t step = 0; step < steps && prepared.weight_bits.empty(); ++step) {
      out.own.back()[step] += std::uint64_t{set.filters} * prepared.layer_weight_bits;
    }
    if (prepared.weight_bits.empty()) continue;
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f) {
      const std::uint8_t* bits = prepared.weight_bits.data() + std::size_t{f} * steps;
      for (std::uint32_t step = 0; step < steps; ++step) {
        out.own.back()[step] += bits[step];
        out.widest[step] = std::max<std::uint64_t>(out.widest[step], bits[step]);
      }
    }
  }
  return out;
}

}  // namespace heddle::models::loom
