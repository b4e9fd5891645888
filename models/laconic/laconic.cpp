// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/laconic.h"

#include <algorithm>

#include "models/laconic/kernel/lane_products.h"
#include "models/laconic/kernel/queue_array.h"
#include "models/laconic/time.h"
#include "sim/base/error.h"
#include "sim/pricing/budget.h"

namespace heddle::models::laconic {
namespace {

using config::Parameter;

constexpr std::size_t kSteps = 0;
constexpr std::size_t kElementSteps = 1;
constexpr std::size_t kTermPairs = 2;

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Laconic>(Params::from(values));
}

struct Counts {
  std::vector<std::uint8_t> most;      // of one part
  std::vector<std::uint8_t> total;     // of all parts; empty where there is one
  std::vector<std::uint8_t> non_zero;  // parts that have terms; empty where there is one
};

// Counts the terms of magnitudes that are cut into `parts` parts of `width` bits, lowest first.
Counts count_terms(kernel::Encoder encoder, std::span<const std::int32_t> values, std::uint32_t parts,
                   std::uint32_t width) {
  Counts out;
  out.most.resize(values.size());
  if (parts == 1) {
    kernel::count_terms(encoder, values, out.most);
    return out;
  }
  const auto table = kernel::term_count_table(encoder);
  const std::uint32_t mask = (1U << width) - 1;
  out.total.resize(values.size());
  out.non_zero.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::uint32_t magnitude = kernel::magnitude_of(values[i]); magnitude != 0; magnitude >>= width) {
      const std::uint8_t terms = table[magnitude & mask];
      out.most[i] = std::max(out.most[i], terms);
      out.total[i] = static_cast<std::uint8_t>(out.total[i] + terms);
      out.non_zero[i] = static_cast<std::uint8_t>(out.non_zero[i] + (terms != 0 ? 1 : 0));
    }
  }
  return out;
}

}  // namespace

config::Declaration Params::declaration() {
  return {
      arch::tiles_parameter(1, "our choice: docs/rules/laconic.md#array; DNNsim has 16",
                            std::string(arch::kTilesMean) + "; the published design has one"),
      arch::rows_parameter(8, "Laconic (arXiv 1805.04513)",
                           "filters of a tile: 16 weight wires each, so 8, 16, 32, 64 are the 128-, 256-, "
                           "512- and 1K-wire designs"),
      arch::columns_parameter(16, "Laconic (arXiv 1805.04513)", "windows of a tile"),
      Parameter::choice("sync", {"barrier", "queue"})
          .by_default("barrier")
          .means("all elements step together, or rows and columns hold queues of operand bricks and "
                 "elements drift as far "
                 "as the queues allow")
          .from("our choice: docs/rules/laconic.md#barrier"),
      Parameter::integer_or_word("queue_depth", "bricks", 1, 65536, {"unlimited"})
          .by_default(1)
          .means("Q: operand bricks that a row or column holds at a time; used where sync is queue")
          .from("our choice: one brick, the smallest queue"),
      pricing::encoder_parameter(),
      Parameter::integer("lpe_width", "bits", 4, 16)
          .by_default(16)
          .means("magnitude bits of an element: of 8-bit elements, ceil(Pa/8) columns make one window and "
                 "ceil(Pw/8) rows one filter")
          .from("our choice: 16; Laconic (ISCA'19): 8-bit elements compose [recalled]; others: DNNsim"),
      arch::storage_parameter(arch::Storage::container, "our choice: no paper states it"),
      arch::container_bits_parameter()};
}

Params Params::from(const config::Values& values) {
  arch::ArrayParams array = arch::ArrayParams::from(values);
  array.pe_width = values.count("lpe_width");
  return {.array = array,
          .sync = values.text("sync") == "queue" ? Sync::queue : Sync::barrier,
          .queue_depth = values.is_word("queue_depth") ? QueueArray::kUnlimited : values.count("queue_depth"),
          .encoder = pricing::encoder_from(values)};
}

std::unique_ptr<arch::Prepared> Laconic::prepare(const arch::LayerInput& input) const {
  const arch::Composition split = input.mapping.composition;
  auto prepared = std::make_unique<PreparedTerms>();
  Counts activations =
      count_terms(params_.encoder, input.activations->values(), split.columns, params_.array.pe_width);
  Counts weights = count_terms(params_.encoder, input.weights->values(), split.rows, params_.array.pe_width);
  prepared->activations = std::move(activations.most);
  prepared->all_activations = {std::move(activations.total), std::move(activations.non_zero)};
  prepared->weights = std::move(weights.most);
  prepared->all_weights = {std::move(weights.total), std::move(weights.non_zero)};
  return prepared;
}

arch::Cost Laconic::price(const arch::LayerInput& input, const arch::Prepared& prepared,
                          const arch::Block& block) const {
  const auto& terms = dynamic_cast<const PreparedTerms&>(prepared);
  const bool fully_connected = input.lowered.is_fully_connected;
  const Time time = fully_connected               ? round_robin_time(input, terms, block)
                    : params_.sync == Sync::queue ? queue_time(input, terms, block, params_.queue_depth)
                                                  : barrier_time(input, terms, block);
  // The mapping counts filters and windows; each takes this many elements of the array.
  const std::uint64_t elements = input.mapping.composition.elements();
  const Work work = count_work(input, terms, block, elements);
  arch::Cost cost;
  cost.compute = Cycles(time.cycles);
  cost.passes = time.passes;
  // Columns without a brick while others have one: staggered starts and the last bricks.
  const arch::ArrayShape composed = input.mapping.composed();
  const std::uint64_t column_lanes = std::uint64_t{composed.tiles} * composed.rows * elements * arch::kLanes;
  const LaneCycles fill(fully_connected ? (time.cycles * composed.columns - time.column_cycles) * column_lanes
                                        : 0);
  const std::uint64_t present_lane_cycles = time.present_lane_cycles * elements;
  cost.lanes = pricing::complete(input.mapping.array, cost.compute,
                                 {.effective = LaneCycles(work.busy_lane_cycles - work.folding_lane_cycles),
                                  .folding_zeros = LaneCycles(work.folding_lane_cycles),
                                  .synchronisation = LaneCycles(present_lane_cycles - work.busy_lane_cycles),
                                  .edge = {},
                                  .fill = fill});
  cost.activation_read = pricing::activation_bits(input, block, params_.array.container_bits);
  cost.weight_read = pricing::weight_bits(input, block, params_.array.container_bits);
  cost.events[kSteps] = std::uint64_t{block.passes.size()} * block.window_sets.size() * input.mapping.steps;
  cost.events[kElementSteps] = work.element_steps;
  cost.events[kTermPairs] = work.term_pairs;
  return cost;
}

}  // namespace heddle::models::laconic

namespace heddle::models {

arch::ModelInfo describe_laconic() {
  return {
      .name = "laconic",
      .summary = "weights and activations term by term: only the products of non-zero bits take time",
      .citation =
          "Sharify et al., Laconic Deep Learning Computing, arXiv 1805.04513; Sharify et al., Laconic Deep "
          "Learning Inference Acceleration, ISCA 2019",
      .parameters = laconic::Params::declaration(),
      .events =
          {{"steps", "steps",
            "steps of the array: compute cycles / steps is the average that the paper's speed asks about"},
           {"element_steps", "steps", "steps of processing elements that have a filter and a window"},
           {"term_pairs", "pairs",
            "weight terms times activation terms, summed over all products: the work that is left"}},
      .make = laconic::make};
}

}  // namespace heddle::models
