// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/synthetic/generator.h"

// Synthetic values for benchmarks.
namespace heddle::bench {

// A layer of this shape and precision behind another, whose outputs a ReLU ends.
inline workload::Layer reader(const workload::Geometry& geometry, workload::Op op, unsigned bits,
                              bool is_signed) {
  workload::Layer out;
  out.id = "reader";
  out.op = op;
  out.geometry = geometry;
  out.activation.source = "maker";
  out.activation.rep.is_signed = is_signed;
  out.weight.source = "static";
  out.precision = {.weight_bits = bits, .activation_bits = bits, .group_widths_file = {}};
  return out;
}

inline synthetic::Generator generator_of(const workload::Layer& layer) {
  workload::Layer maker = layer;
  maker.id = "maker";
  maker.activation.source = "image";
  workload::Network network;
  network.layers = {maker, layer};
  return {network, synthetic::parse_options("synthetic:1", "benchmark")};
}

}  // namespace heddle::bench
