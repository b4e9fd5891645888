// SPDX-License-Identifier: Apache-2.0
#include "models/loom/loom.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"
#include "sim/kernel/width.h"
#include "sim/pricing/cascade.h"

namespace heddle::models::loom {
namespace {

using config::Parameter;

constexpr const char* kPaper = "Loom (DAC'18)";
constexpr const char* kDnnsim = "DNNsim";

std::unique_ptr<arch::Accelerator> make(const config::Values& values) {
  return std::make_unique<Loom>(Params::from(values));
}

config::Declaration array_parameters() {
  return {arch::rows_parameter(
              128, std::string(kPaper) + ": 128 in the main configuration, 32 to 512 in the scaling study",
              "filters of a tile; with one tile and automatic columns also the equivalent 16-bit "
              "multiply-accumulates per cycle",
              4096),
          Parameter::integer_or_word("columns", "windows", 1, 256, {"auto"})
              .by_default("auto")
              .means("windows of a tile; auto: 16 / bits_per_cycle. In fully connected layers they hold "
                     "different outputs or "
                     "slices of one")
              .from(std::string(kPaper) + ": 16, 8 and 4 columns for LM1b, LM2b and LM4b"),
          arch::tiles_parameter(1, std::string(kPaper) + ": one grid; DNNsim has 16",
                                std::string(arch::kTilesMean) + ", in lock-step"),
          Parameter::integer("bits_per_cycle", "bits", 1, 4)
              .by_default(1)
              .means("activation bits that a unit processes per cycle")
              .from(std::string(kPaper) + ": 1, 2 and 4 in LM1b, LM2b and LM4b")};
}

config::Declaration width_parameters() {
  return {
      Parameter::choice("activation_width", {"layer", "dynamic"})
          .by_default("layer")
          .means("dynamic: a convolution step streams the width that its activations need, over all "
                 "windows of the step; needs "
                 "values")
          .from(std::string(kPaper) + "; layer is the static design"),
      Parameter::choice("weight_precision", {"layer", "group", "values"})
          .by_default("layer")
          .means("weight bits of a convolution step: the layer's, the trace's widths of groups of 16 "
                 "weights, or the width found "
                 "in the weights of the step; values needs values")
          .from(std::string(kPaper) + "; group: Loom (arXiv 1706.07853v2); values: " + kDnnsim),
      Parameter::choice("weight_sync", {"maximum", "mean"})
          .by_default("maximum")
          .means("widths of the filter bricks of a step: the widest counts, or the layer's average, an "
                 "idealisation that "
                 "only counts")
          .from(
              "our choice: maximum is the array; mean: Loom (arXiv 1706.07853v2), docs/rules/loom.md#cycles"),
      Parameter::choice("width_rule", {"twos_complement", "dnnsim"})
          .by_default("twos_complement")
          .means("width of a group; twos_complement: a sign bit counts where the layer's input can be "
                 "negative; dnnsim: it counts where a value of the tensor is negative, then also in a group "
                 "of zeros")
          .from(std::string("docs/rules.md#width-detection; dnnsim: ") + kDnnsim),
      Parameter::choice("fully_connected", {"cascade", "round_robin"})
          .by_default("cascade")
          .means("columns with weights of their own and slices, or bricks that take turns on the columns")
          .from(std::string(kPaper) + "; round_robin: " + kDnnsim),
      Parameter::boolean("trim_low")
          .by_default(false)
          .means("dynamic activation widths, and weight widths found in values, leave out low bits that are "
                 "zero in the whole group too; with width_rule dnnsim only")
          .from(std::string("our choice, docs/rules.md#width-detection; ") + kDnnsim + ": its minor_bit"),
      arch::pe_width_parameter(),
      Parameter::choice("composed_weights", {"unit", "layer"})
          .by_default("unit")
          .means("weight bits of a step where rows are composed (pe_width) and weights have the layer's "
                 "precision; unit: the bits that a unit holds; layer: all bits of the layer's weights, and "
                 "units idle during bits that they do not hold")
          .from(std::string("our choice; layer: ") + kDnnsim),
      arch::storage_parameter(arch::Storage::bit_interleaved,
                              std::string(kPaper) + ": storage and traffic are bit-interleaved"),
      arch::container_bits_parameter()};
}

}  // namespace

config::Declaration Params::declaration() {
  config::Declaration out = array_parameters();
  for (auto& parameter : width_parameters()) out.push_back(std::move(parameter));
  return out;
}

Params Params::from(const config::Values& values) {
  Params out;
  out.array = arch::ArrayParams::from(values);
  out.bits_per_cycle = values.count("bits_per_cycle");
  if (values.is_word("columns")) out.array.shape.columns = 16 / out.bits_per_cycle;
  out.trim_low = values.flag("trim_low");
  if (values.text("activation_width") == "dynamic") out.activation_width = ActivationWidth::dynamic;
  const std::string weights = values.text("weight_precision");
  if (weights == "group") out.weight_precision = WeightPrecision::group;
  if (weights == "values") out.weight_precision = WeightPrecision::values;
  if (values.text("weight_sync") == "mean") out.weight_sync = WeightSync::mean;
  out.width_rule = pricing::width_rule_from(values);
  if (values.text("fully_connected") == "round_robin") out.fully_connected = FullyConnected::round_robin;
  if (values.text("composed_weights") == "layer") out.composed_weights = ComposedWeights::layer;
  if (out.array.pe_width < 16 && out.fully_connected == FullyConnected::cascade) {
    throw Error(ErrorKind::config, "/parameters/pe_width",
                "units narrower than 16 bits are composed for fully_connected \"round_robin\" only");
  }
  if (out.trim_low && out.width_rule != pricing::WidthRule::dnnsim) {
    throw Error(ErrorKind::config, "/parameters/trim_low",
                "low bits are trimmed with width_rule \"dnnsim\" only");
  }
  return out;
}

std::vector<std::string> Loom::assumptions() const {
  // Without widths of groups there is nothing to average.
  if (params_.weight_sync != WeightSync::mean || params_.weight_precision == WeightPrecision::layer)
    return {};
  return {
      "weight_sync mean: a step takes the layer's average group width in place of the widest of its filters, "
      "which no array can do"};
}

void Loom::require_bit_true() const {
  if (params_.weight_sync == WeightSync::maximum) return;
  throw Error(ErrorKind::config, "/parameters/weight_sync",
              "\"mean\" counts an average that no array takes and cannot run bit-true; \"maximum\" can");
}

unsigned Loom::width(std::span<const std::int32_t, workload::kBrick> brick, unsigned bits,
                     const pricing::WidthDetector& detector) const {
  if (subwords(bits) == 1) return detector.width(kernel::summarize(brick));
  unsigned widest = 1;
  std::array<std::int32_t, workload::kBrick> subword;
  for (std::uint32_t i = 0; i < subwords(bits); ++i) {
    std::transform(brick.begin(), brick.end(), subword.begin(), [&](std::int32_t value) {
      return arch::subword_of(value, i, params_.array.pe_width, detector.is_signed);
    });
    widest = std::max(widest, detector.width(kernel::summarize(subword)));
  }
  return widest;
}

bool Loom::has_group_widths(const arch::LayerInput& input) const {
  if (cascades(input.lowered)) return false;
  if (params_.weight_precision == WeightPrecision::group)
    return !input.group_widths.empty() && !input.layer.has_run_time_weights();
  return params_.weight_precision == WeightPrecision::values;
}

arch::Needs Loom::needs() const {
  return {.activations = params_.activation_width == ActivationWidth::dynamic,
          .weights = params_.weight_precision == WeightPrecision::values,
          .tensor_signs = params_.width_rule == pricing::WidthRule::dnnsim,
          .group_widths = params_.weight_precision == WeightPrecision::group};
}

arch::Mapping Loom::map(const workload::LoweredLayer& layer, arch::Pallet pallet) const {
  if (cascades(layer)) return pricing::map_cascade(layer, shape());
  return arch::map_composed(layer, shape(), pallet, params_.array.pe_width);
}

}  // namespace heddle::models::loom

namespace heddle::models {

arch::ModelInfo describe_loom() {
  return {.name = "loom",
          .summary = "weights and activations both bit-serial: a step takes ceil(Pa / b) * Pw cycles",
          .citation =
              "Sharify et al., Loom: Exploiting Weight and Activation Precisions to Accelerate Convolutional "
              "Neural Networks, "
              "DAC 2018; arXiv 1706.07853",
          .parameters = loom::Params::declaration(),
          .events = {{"steps", "steps", "steps of a window set and a pass, each at least one cycle"},
                     {"weight_planes", "weight bits",
                      "weight bits held, one after another, by the units of a step"},
                     {"activation_slots", "cycles",
                      "cycles that the activation bits of a step take to stream once"}},
          .make = loom::make};
}

}  // namespace heddle::models
