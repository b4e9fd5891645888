// SPDX-License-Identifier: Apache-2.0
// The extension for fully connected layers: Tartan's second weight register, with widths found at run time.
#include "sim/pricing/cascade.h"

#include <algorithm>
#include <map>

#include "models/dprs/dprs.h"
#include "sim/base/quantity.h"
#include "sim/pricing/budget.h"

namespace heddle::models::dprs {
namespace {

struct PreparedCascade final : arch::Prepared {
  struct Step {
    unsigned activation_bits;  // width of the widest brick of its slices
    unsigned weight_bits;      // of the weights that are loaded for it
  };
  std::vector<std::vector<Step>> steps;  // [pass of the mapping][step]
};

pricing::Cascade cascade_of_pass(const arch::LayerInput& input, std::uint32_t pass) {
  const std::uint32_t group = input.mapping.passes[pass].front().group;
  return pricing::cascade_of(input.lowered, input.lowered.groups[group].filters, input.mapping.array);
}

}  // namespace

unsigned Dprs::weight_width(const arch::LayerInput& input, std::uint32_t pass, std::uint32_t step) const {
  if (params_.weight_precision == WeightPrecision::layer || input.group_widths.empty())
    return input.layer.precision.weight_bits;
  const std::uint32_t slices = cascade_of_pass(input, pass).slices;
  const std::uint32_t bricks = input.lowered.bricks;
  unsigned widest = 1;
  for (const auto& set : input.mapping.passes[pass]) {
    for (std::uint32_t f = set.first_filter; f < set.first_filter + set.filters; ++f) {
      for (std::uint32_t b = step * slices; b < std::min(bricks, (step + 1) * slices); ++b) {
        widest = std::max<unsigned>(widest, input.group_widths[std::size_t{f} * bricks + b]);
      }
    }
  }
  return widest;
}

std::unique_ptr<arch::Prepared> Dprs::prepare_cascade(const arch::LayerInput& input) const {
  const pricing::WidthDetector detect = detector(input);
  const auto bits = summaries(*input.activations);
  auto prepared = std::make_unique<PreparedCascade>();
  for (std::uint32_t p = 0; p < input.mapping.passes.size(); ++p) {
    const pricing::Cascade cascade = cascade_of_pass(input, p);
    const std::uint32_t group = input.mapping.passes[p].front().group;
    auto& steps = prepared->steps.emplace_back();
    for (std::uint32_t k = 0; k < cascade.steps; ++k) {
      unsigned widest = 1;
      for (std::uint32_t b = k * cascade.slices; b < std::min(input.lowered.bricks, (k + 1) * cascade.slices);
           ++b) {
        widest = std::max(
            widest,
            detect.width(bits[workload::brick_index(*input.activations, input.lowered, group, 0, b)]));
      }
      steps.push_back({widest, weight_width(input, p, k)});
    }
  }
  return prepared;
}

arch::Cost Dprs::price_cascade(const arch::LayerInput& input, const arch::Prepared& prepared,
                               const arch::Block& block) const {
  const auto& steps = dynamic_cast<const PreparedCascade&>(prepared).steps;
  // By pass: the one that runs after it, with its weights loaded without a gap.
  std::map<std::uint32_t, std::uint32_t> next;
  for (const auto& run : pricing::cascade_runs(input, block)) {
    for (std::size_t i = 0; i + 1 < run.passes.size(); ++i) next[run.passes[i]] = run.passes[i + 1];
  }
  const auto cycles = [&](unsigned bits) {
    return static_cast<std::uint32_t>(ceil_div(bits, params_.bits_per_cycle));
  };
  const auto step = [&](std::uint32_t pass, std::uint32_t k) {
    const auto after = next.find(pass);
    unsigned load = steps[pass][k].weight_bits;
    if (k + 1 < steps[pass].size()) {
      load = steps[pass][k + 1].weight_bits;
    } else if (after != next.end()) {
      load = steps[after->second][0].weight_bits;
    }
    const unsigned stream = steps[pass][k].activation_bits;
    return pricing::CascadeStep{cycles(std::max(stream, load)), cycles(stream)};
  };
  arch::Cost cost = pricing::price_cascade(
      input, block,
      {.step = step,
       .lead = [&](std::uint32_t first) { return cycles(steps[first][0].weight_bits); },
       .tail = [](const pricing::Cascade& cascade) { return ceil_log2(cascade.slices); }});
  cost.activation_read = pricing::activation_bits(input, block, params_.array.container_bits);
  cost.weight_read = pricing::weight_bits(input, block, params_.array.container_bits);
  for (const auto pass : block.passes) {
    cost.events[0] += steps[pass].size();
    for (const auto& at : steps[pass]) cost.events[1] += cycles(at.activation_bits);
  }
  return cost;
}

}  // namespace heddle::models::dprs
