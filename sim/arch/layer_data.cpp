// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/layer_data.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/kernel/width.h"
#include "sim/workload/group_widths.h"

namespace heddle::arch {
namespace {

using trace::Trace;
using workload::Layer;
using workload::LoweredLayer;

Error refuse(const Trace& trace, const Layer& layer, const std::string& what) {
  return {ErrorKind::workload, trace.name(), "layer " + in_quotes(layer.id) + ": " + what};
}

// The refusal of a layer without the values that cycles depend on. It names the ways out, because most users
// meet it on the shapes of the papers' networks.
Error without_values(const Trace& trace, const Layer& layer, const std::string& operand,
                     const MappingOptions& options) {
  std::string text = fmt::format(
      "the design's cycles depend on {} values, and the trace has none for this layer; --values synthetic "
      "draws them",
      operand);
  if (operand == "activation" && options.assumed_widths.is_stated()) {
    text +=
        ". group_widths states widths of weights alone; with activation_width \"layer\" in /parameters "
        "(model loom) cycles depend on no activation value";
  }
  return refuse(trace, layer, text);
}

void check_container(const Trace& trace, const Layer& layer, unsigned container_bits) {
  const unsigned widest = std::max(layer.precision.activation_bits, layer.precision.weight_bits);
  if (widest > container_bits) {
    throw refuse(
        trace, layer,
        fmt::format("needs {} bits, but the accelerator's container_bits is {}", widest, container_bits));
  }
}

// [filter][ky][kx][brick], as a trace stores them, in the order in which steps go down the kernel's columns.
std::vector<std::uint8_t> in_column_order(const std::vector<std::uint8_t>& widths,
                                          const LoweredLayer& lowered) {
  std::vector<std::uint8_t> out(widths.size());
  const std::uint32_t steps = lowered.steps();
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto t = static_cast<std::uint32_t>(i % steps);
    const std::uint32_t position = t / lowered.bricks;
    const std::uint32_t step = lowered.step_of(
        {position / lowered.kernel_width, position % lowered.kernel_width, t % lowered.bricks});
    out[i - t + step] = widths[i];
  }
  return out;
}

// The layer's group widths as the lowered layer's steps see them: those that the trace states, or those of
// its weights, as a front end would write them.
std::vector<std::uint8_t> lowered_widths(const Trace& trace, const Layer& layer,
                                         const LoweredLayer& lowered) {
  auto widths = layer.precision.group_widths_file.empty()
                    ? workload::detected_group_widths(layer, trace.weights(layer, 0))
                    : trace.group_widths(layer);
  if (!widths.empty() && lowered.kernel_order == workload::KernelOrder::column_major) {
    return in_column_order(widths, lowered);
  }
  return widths;
}

// Whether the layer's weights come in groups that keep a width each. Folding and a count of shapes regroup
// weights, so that groups of the trace no longer exist; weights made at run time have no widths ahead of
// time.
bool keeps_groups(const Layer& layer, const LoweredLayer& lowered) {
  return lowered.fold <= 1 && !lowered.shapes_only && !layer.has_run_time_weights();
}

// Widths of the groups that the design counts in this layer; none where the layer's precision holds.
std::vector<std::uint8_t> group_widths(const Trace& trace, const Layer& layer, const LoweredLayer& lowered,
                                       const Accelerator& accelerator, const AssumedWidths& assumed) {
  if (!accelerator.reads_group_widths(lowered) || !keeps_groups(layer, lowered)) return {};
  if (!layer.precision.group_widths_file.empty() || Trace::has_values(layer.weight))
    return lowered_widths(trace, layer, lowered);
  const std::size_t groups = std::size_t{layer.geometry.filters} * lowered.steps();
  if (assumed.is_stated()) return assumed.assign(groups, layer.precision.weight_bits);
  throw refuse(
      trace, layer,
      "weight_precision \"group\" counts widths of groups of 16 weights, and the trace has neither these "
      "widths nor weights; --values synthetic draws weights, and group_widths in the configuration (such as "
      "--set group_widths.assumed_mean_bits=6) states widths to assume");
}

// Whether the operand's tensor holds a negative value in any sample. `own` is the tensor of `sample`; the
// tensors of the other samples are read only if it has none.
template <class Load>
bool any_negative(const Trace& trace, const workload::Operand& operand, const workload::IntTensor& own,
                  std::uint32_t sample, const Load& load) {
  const auto negative = [](std::int32_t x) { return x < 0; };
  if (!operand.rep.is_signed) return false;
  if (std::any_of(own.values.begin(), own.values.end(), negative)) return true;
  const std::uint32_t tensors = trace.tensors(operand);
  for (std::uint32_t k = 0; k < tensors; ++k) {
    if (k == sample || tensors == 1) continue;
    const workload::IntTensor other = load(k);
    if (std::any_of(other.values.begin(), other.values.end(), negative)) return true;
  }
  return false;
}

void check_widths(const Trace& trace, const Layer& layer, const LayerInput& input) {
  if (layer.precision.group_widths_file.empty() || input.weights == nullptr) return;
  const std::uint32_t steps = input.weights->steps();
  for (std::size_t i = 0; i < input.group_widths.size(); ++i) {
    const auto brick =
        input.weights->brick(static_cast<std::uint32_t>(i / steps), static_cast<std::uint32_t>(i % steps));
    const unsigned needed = kernel::width(kernel::summarize(brick), layer.weight.rep.is_signed, false);
    if (input.group_widths[i] < needed) {
      throw Error(ErrorKind::workload, trace.files().where(layer.precision.group_widths_file),
                  fmt::format("width {} at flat index {}, but its weights need {}", input.group_widths[i], i,
                              needed));
    }
  }
}

}  // namespace

bool needs_unstated_widths(const workload::Layer& layer, const workload::LoweredLayer& lowered,
                           const Accelerator& accelerator) {
  return accelerator.reads_group_widths(lowered) && keeps_groups(layer, lowered) &&
         layer.precision.group_widths_file.empty() && !Trace::has_values(layer.weight);
}

LayerData::LayerData(const Trace& trace, const Layer& layer, std::uint32_t sample,
                     const Accelerator& accelerator, const MappingOptions& options, bool all_values)
    : mapped_(map_onto(layer, accelerator, options)) {
  const LoweredLayer& lowered = mapped_.lowered;
  check_container(trace, layer, accelerator.container_bits());
  const Needs needs = accelerator.needs();
  const bool want_activations = needs.activations || all_values;
  const bool want_weights = needs.weights || all_values;
  if ((want_activations || want_weights) && lowered.shapes_only) {
    throw refuse(
        trace, layer,
        "mapping groups 'ignored' and image_layer 'published' count shapes only, but this run needs values");
  }
  if (want_activations && !Trace::has_values(layer.activation))
    throw without_values(trace, layer, "activation", options);
  if (want_weights && !Trace::has_values(layer.weight)) throw without_values(trace, layer, "weight", options);
  if (want_activations) {
    activation_codes_ = trace.activations(layer, sample);
    activations_ = std::make_unique<workload::ActivationBricks>(layer, lowered, activation_codes_);
  }
  if (want_weights) {
    weight_codes_ = trace.weights(layer, sample);
    weights_ = std::make_unique<workload::WeightBricks>(layer, lowered, weight_codes_);
  }
  const auto codes = [&](std::uint32_t k) { return trace.activations(layer, k); };
  const auto weight_codes = [&](std::uint32_t k) { return trace.weights(layer, k); };
  const bool negative_activations = needs.tensor_signs && want_activations &&
                                    any_negative(trace, layer.activation, activation_codes_, sample, codes);
  const bool negative_weights = needs.tensor_signs && want_weights &&
                                any_negative(trace, layer.weight, weight_codes_, sample, weight_codes);
  if (!all_values) {
    activation_codes_ = {};
    weight_codes_ = {};
  }
  input_ = std::make_unique<LayerInput>(
      LayerInput{layer, lowered, mapped_.mapping, activations_.get(), weights_.get(),
                 group_widths(trace, layer, lowered, accelerator, options.assumed_widths),
                 negative_activations, negative_weights});
  check_widths(trace, layer, *input_);
}

}  // namespace heddle::arch
