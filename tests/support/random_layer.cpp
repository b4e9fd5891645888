// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_layer.h"

#include <algorithm>

#include "sim/kernel/width.h"

namespace heddle::test {
namespace {

using workload::Geometry;
using workload::Op;

std::int32_t draw(Random& random, unsigned bits, bool is_signed, unsigned style) {
  const std::int64_t high = (std::int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
  const std::int64_t low = is_signed ? -high - 1 : 0;
  if (style == 0) return 0;
  if (style == 1) return static_cast<std::int32_t>(random.chance(2) ? high : low);
  if (style == 2) return static_cast<std::int32_t>(random.between(low, high));
  if (random.chance(2)) return 0;
  // Small magnitudes are likelier, as in trained layers.
  const auto shift = static_cast<unsigned>(random.below(bits));
  return static_cast<std::int32_t>(random.between(low, high) >> shift);
}

bool any_negative(const workload::IntTensor& tensor) {
  return std::any_of(tensor.values.begin(), tensor.values.end(), [](std::int32_t x) { return x < 0; });
}

std::vector<std::int32_t> values(Random& random, std::uint64_t count, unsigned bits, bool is_signed) {
  const auto style = static_cast<unsigned>(random.chance(12) ? random.below(3) : 3);
  std::vector<std::int32_t> out(count);
  for (auto& v : out) v = draw(random, bits, is_signed, style);
  return out;
}

std::uint32_t pick(Random& random, std::uint32_t low, std::uint32_t high) {
  return static_cast<std::uint32_t>(random.between(low, high));
}

void choose_groups(Geometry& g, Random& random) {
  const auto kind = random.below(5);
  if (kind == 0) {  // depthwise, sometimes with two filters per channel
    g.groups = g.channels = pick(random, 2, 40);
    g.filters = g.channels * (random.chance(3) ? 2 : 1);
  } else if (kind == 1) {
    g.groups = pick(random, 2, 3);
    g.channels = g.groups * pick(random, 1, 20);
    g.filters = g.groups * pick(random, 1, 20);
  }
}

Geometry random_convolution(Random& random) {
  Geometry g;
  g.channels = random.chance(4) ? 3 : pick(random, 1, 50);
  g.filters = pick(random, 1, 40);
  choose_groups(g, random);
  g.kernel_height = pick(random, 1, 3);
  g.kernel_width = pick(random, 1, 3);
  g.stride_y = pick(random, 1, 3);
  g.stride_x = random.chance(3) ? pick(random, 1, 3) : g.stride_y;
  if (random.chance(5)) g.dilation_y = g.dilation_x = 2;
  g.pad_top = pick(random, 0, 1);
  g.pad_left = pick(random, 0, 1);
  g.pad_bottom = pick(random, 0, 1);
  g.pad_right = pick(random, 0, 1);
  g.out_height = pick(random, 1, 6);
  g.out_width = pick(random, 1, 9);
  // Sizes that give exactly these outputs; the rest that the stride leaves at the edge is random.
  const auto size = [&](std::uint32_t out, std::uint32_t stride, std::uint32_t kernel, std::uint32_t dilation,
                        std::uint32_t pads) {
    const std::uint32_t needed =
        (out - 1) * stride + dilation * (kernel - 1) + 1 + pick(random, 0, stride - 1);
    return needed > pads ? needed - pads : 0;
  };
  g.height = size(g.out_height, g.stride_y, g.kernel_height, g.dilation_y, g.pad_top + g.pad_bottom);
  g.width = size(g.out_width, g.stride_x, g.kernel_width, g.dilation_x, g.pad_left + g.pad_right);
  if (g.height == 0 || g.width == 0) {
    g.pad_top = g.pad_left = g.pad_bottom = g.pad_right = 0;
    g.height = size(g.out_height, g.stride_y, g.kernel_height, g.dilation_y, 0);
    g.width = size(g.out_width, g.stride_x, g.kernel_width, g.dilation_x, 0);
  }
  return g;
}

}  // namespace

void fill_values(LayerCase& out, Random& random) {
  const auto& layer = out.layer;
  out.activations.shape = workload::activation_shape(layer);
  out.weights.shape = workload::weight_shape(layer);
  out.activations.values = values(random, layer.geometry.input_values(), layer.precision.activation_bits,
                                  layer.activation.rep.is_signed);
  out.weights.values =
      values(random, layer.geometry.weights(), layer.precision.weight_bits, layer.weight.rep.is_signed);
}

LayerCase random_case(Random& random, const CaseLimits& limits) {
  LayerCase out;
  auto& layer = out.layer;
  layer.id = "case";
  do {
    layer.geometry = {};
    layer.op = Op::conv2d;
    if (const auto kind = random.below(5); kind >= 3) {
      layer.op = kind == 3 ? Op::linear : Op::matmul;
      layer.geometry.groups = random.chance(4) ? pick(random, 2, 3) : 1;
      layer.geometry.channels = layer.geometry.groups * pick(random, 1, 100);
      layer.geometry.filters = layer.geometry.groups * pick(random, 1, 80);
      layer.geometry.width = layer.geometry.out_width = random.chance(3) ? pick(random, 2, 20) : 1;
    } else {
      layer.geometry = random_convolution(random);
    }
  } while (layer.geometry.macs() > limits.most_macs);
  // Right operands of matrix products are made at run time (attention), all other weights are known ahead.
  layer.weight.source = layer.op == Op::matmul ? "left" : "static";
  layer.activation.rep.is_signed = random.chance(2);
  layer.weight.rep.is_signed = !random.chance(8);
  layer.precision.activation_bits = pick(random, layer.activation.rep.is_signed ? 2 : 1, limits.widest_bits);
  layer.precision.weight_bits = pick(random, layer.weight.rep.is_signed ? 2 : 1, limits.widest_bits);
  if (random.chance(8)) layer.activation.rep.pad_code = 1;  // a zero point that is not zero
  fill_values(out, random);
  return out;
}

LayerCase convolution(Random& random, std::uint32_t channels, std::uint32_t size, std::uint32_t filters,
                      std::uint32_t kernel, unsigned activation_bits, unsigned weight_bits, bool is_signed) {
  LayerCase out;
  Geometry& g = out.layer.geometry;
  out.layer.id = "convolution";
  out.layer.op = Op::conv2d;
  g.channels = channels;
  g.height = g.width = size;
  g.filters = filters;
  g.kernel_height = g.kernel_width = kernel;
  g.out_height = g.out_width = size - kernel + 1;
  out.layer.weight.source = "static";
  out.layer.precision = {weight_bits, activation_bits, ""};
  out.layer.activation.rep.is_signed = is_signed;
  fill_values(out, random);
  return out;
}

LayerCase fully_connected(Random& random, std::uint32_t inputs, std::uint32_t outputs,
                          unsigned activation_bits, unsigned weight_bits, bool is_signed) {
  LayerCase out;
  out.layer.id = "fc";
  out.layer.op = Op::linear;
  out.layer.geometry.channels = inputs;
  out.layer.geometry.filters = outputs;
  out.layer.weight.source = "static";
  out.layer.precision = {weight_bits, activation_bits, ""};
  out.layer.activation.rep.is_signed = is_signed;
  fill_values(out, random);
  return out;
}

std::string LayerCase::describe() const {
  const Geometry& g = layer.geometry;
  return layer.op_name() + " C" + std::to_string(g.channels) + " " + std::to_string(g.height) + "x" +
         std::to_string(g.width) + " K" + std::to_string(g.filters) + " R" + std::to_string(g.kernel_height) +
         " S" + std::to_string(g.kernel_width) + " stride " + std::to_string(g.stride_y) + "," +
         std::to_string(g.stride_x) + " groups " + std::to_string(g.groups) + " out " +
         std::to_string(g.out_height) + "x" + std::to_string(g.out_width) + " Pa " +
         std::to_string(layer.precision.activation_bits) + " Pw " +
         std::to_string(layer.precision.weight_bits);
}

std::int64_t LayerCase::reference(std::uint32_t filter, std::uint64_t window) const {
  return workload::reference_accumulator(layer, activations, weights,
                                         workload::output_index(layer, filter, window));
}

MappedCase::MappedCase(const LayerCase& layer, const arch::Accelerator& accelerator,
                       const arch::MappingOptions& options)
    : mapped_(arch::map_onto(layer.layer, accelerator, options)),
      activations_(
          std::make_unique<workload::ActivationBricks>(layer.layer, mapped_.lowered, layer.activations)),
      weights_(std::make_unique<workload::WeightBricks>(layer.layer, mapped_.lowered, layer.weights)) {
  input_ = std::make_unique<arch::LayerInput>(arch::LayerInput{layer.layer,
                                                               mapped_.lowered,
                                                               mapped_.mapping,
                                                               activations_.get(),
                                                               weights_.get(),
                                                               {},
                                                               any_negative(layer.activations),
                                                               any_negative(layer.weights)});
  // The narrowest widths that the weights allow, as a front end would write them; none where folding regroups
  // them.
  if (mapped_.lowered.fold > 1) return;
  const std::uint32_t steps = weights_->steps();
  for (std::uint32_t f = 0; f < layer.layer.geometry.filters; ++f) {
    for (std::uint32_t s = 0; s < steps; ++s) {
      const unsigned needed =
          kernel::width(kernel::summarize(weights_->brick(f, s)), layer.layer.weight.rep.is_signed, false);
      input_->group_widths.push_back(static_cast<std::uint8_t>(needed));
    }
  }
}

}  // namespace heddle::test
