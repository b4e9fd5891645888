// SPDX-License-Identifier: Apache-2.0
#include "sim/run/verify.h"

#include <cmath>

#include <fmt/format.h>

#include "sim/arch/layer_data.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/random.h"
#include "sim/run/count.h"
#include "sim/run/locate_fault.h"

namespace heddle::run {
namespace {

// Selects `wanted` of `count` indices, ascending, with a seeded generator (Knuth, algorithm S).
std::vector<std::uint32_t> choose(std::uint32_t count, std::uint32_t wanted, Random& random) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < count && out.size() < wanted; ++i) {
    if (random.below(count - i) < wanted - out.size()) out.push_back(i);
  }
  return out;
}

std::uint32_t share(std::size_t count, double fraction) {
  const double wanted = std::ceil(static_cast<double>(count) * std::sqrt(fraction));
  return static_cast<std::uint32_t>(std::clamp(wanted, 1.0, static_cast<double>(count)));
}

// An internal check that fails inside an array does not know the layer; this adds it to the message.
Cycles execute(hw::BitTrueArray& array, const arch::LayerInput& input, const arch::Block& block,
               hw::Reducer& reducer) {
  try {
    return array.execute(input, block, reducer);
  } catch (const Error& e) {
    throw Error(e.kind(), "layer " + in_quotes(input.layer.id), e.what());
  }
}

// Compares integer arithmetic with what the front end stored, for the outputs of the block.
std::uint64_t check_expected(const trace::Trace& trace, const arch::LayerInput& input,
                             const arch::Block& block, std::uint32_t sample, const Reference& reference) {
  const auto expected = trace.expected(input.layer, sample);
  if (!expected) return 0;
  const auto bias = trace.bias(input.layer);
  std::vector<std::int64_t> by_output(input.layer.geometry.output_values());
  std::vector<std::uint8_t> known(by_output.size(), 0);
  for (std::size_t i = 0; i < expected->accumulators.size(); ++i) {
    const std::uint64_t output = expected->indices.empty() ? i : expected->indices[i];
    by_output[output] = expected->accumulators[i];
    known[output] = 1;
  }
  std::uint64_t compared = 0;
  for_each_output(input.mapping, block, [&](std::uint32_t filter, std::uint64_t index) {
    const std::uint64_t window = input.lowered.row_major_window(index);
    const std::uint64_t output = workload::output_index(input.layer, filter, window);
    if (known[output] == 0) return;
    ++compared;
    const std::int64_t got = reference(filter, window) + (bias.empty() ? 0 : bias[filter]);
    if (got != by_output[output]) {
      throw Error(
          ErrorKind::check, trace.name(),
          fmt::format(
              "layer {}, sample {}, filter {}, window {}: integer arithmetic gives {}, the trace expects {}",
              in_quotes(input.layer.id), sample, filter, window, got, by_output[output]));
    }
  });
  return compared;
}

}  // namespace

arch::Block sample_block(const arch::Mapping& mapping, double fraction, std::uint64_t seed,
                         const std::string& name) {
  if (fraction >= 1.0) return arch::whole_layer(mapping);
  Random random(seed, name);
  const auto passes = static_cast<std::uint32_t>(mapping.passes.size());
  const auto sets = static_cast<std::uint32_t>(mapping.window_sets.size());
  arch::Block block;
  block.passes = choose(passes, share(passes, fraction), random);
  block.window_sets = choose(sets, share(sets, fraction), random);
  return block;
}

BlockProof prove_block(hw::BitTrueArray& array, const arch::Accelerator& accelerator,
                       const arch::LayerInput& input, const arch::Block& block, const Reference& reference) {
  const auto prepared = accelerator.prepare(input);
  const Cycles counted = accelerator.price(input, *prepared, block).compute;
  hw::Reducer reducer;
  const Cycles computed = execute(array, input, block, reducer);
  BlockProof proof{computed, 0};
  for_each_output(input.mapping, block, [&](std::uint32_t filter, std::uint64_t window) {
    ++proof.outputs;
    const std::int64_t exact = reference(filter, input.lowered.row_major_window(window));
    if (!reducer.has(filter, window) || reducer.sum(filter, window) != exact) {
      throw locate_fault(array, input, block, {filter, window, reducer.sum(filter, window), exact});
    }
  });
  if (counted != computed) throw locate_delay(array, accelerator, input, block, computed, counted);
  return proof;
}

void check_verifiable(const trace::Trace& trace) {
  if (trace.network().samples > 0) return;
  throw Error(ErrorKind::workload, trace.name(),
              "a bit-true run computes values, and the trace has no samples");
}

result::VerificationRecord verify_network(hw::BitTrueArray& array, const arch::AcceleratorConfig& config,
                                          const trace::Trace& trace, const VerifyOptions& options) {
  check_verifiable(trace);
  const Workload work = array_layers(trace);
  const auto& layers = work.layers;
  result::VerificationRecord out{options.fraction, options.seed, 0, {}};
  for (std::uint32_t sample = 0; sample < work.samples; ++sample) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const arch::LayerData data(trace, *layers[i], sample, *config.accelerator, config.mapping, true);
      const arch::LayerInput& input = data.input();
      const std::string stream = layers[i]->id + "/" + std::to_string(sample);
      const arch::Block block = sample_block(input.mapping, options.fraction, options.seed, stream);
      const Reference reference = [&](std::uint32_t filter, std::uint64_t window) {
        return workload::reference_accumulator(*layers[i], data.activation_codes(), data.weight_codes(),
                                               workload::output_index(*layers[i], filter, window));
      };
      const BlockProof proof = prove_block(array, *config.accelerator, input, block, reference);
      const std::uint64_t expected = check_expected(trace, input, block, sample, reference);
      out.outputs += proof.outputs;
      result::VerifiedLayer row{.sample = sample,
                                .layer = layers[i]->id,
                                .cycles = proof.cycles,
                                .outputs = proof.outputs,
                                .expected_accumulators = expected,
                                .passes = std::nullopt,
                                .window_sets = std::nullopt};
      if (options.fraction < 1.0) {
        row.passes = block.passes;
        row.window_sets = block.window_sets;
      }
      out.layers.push_back(std::move(row));
      if (options.progress)
        options.progress(sample * layers.size() + i + 1, work.samples * layers.size(), layers[i]->id);
    }
  }
  return out;
}

}  // namespace heddle::run
