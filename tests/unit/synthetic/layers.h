// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/base/random.h"
#include "sim/workload/network.h"

namespace heddle::test {

// A convolution (C, H, W) -> K with an R x R kernel that reads `source`.
inline workload::Layer conv(const std::string& id, const std::string& source, std::uint32_t channels,
                            std::uint32_t size, std::uint32_t filters = 16, std::uint32_t kernel = 3) {
  workload::Layer out;
  out.id = id;
  out.op = workload::Op::conv2d;
  out.inputs = {source};
  out.geometry = {.channels = channels,
                  .height = size,
                  .width = size,
                  .filters = filters,
                  .kernel_height = kernel,
                  .kernel_width = kernel,
                  .out_height = size - kernel + 1,
                  .out_width = size - kernel + 1};
  out.activation.source = source;
  out.weight.source = "static";
  return out;
}

// A linear layer of `rows` windows.
inline workload::Layer linear(const std::string& id, const std::string& source, std::uint32_t channels,
                              std::uint32_t filters, std::uint32_t rows = 1) {
  workload::Layer out;
  out.id = id;
  out.op = workload::Op::linear;
  out.inputs = {source};
  out.geometry = {.channels = channels, .width = rows, .filters = filters, .out_width = rows};
  out.activation.source = source;
  out.weight.source = "static";
  return out;
}

// A layer that only works on outputs.
inline workload::Layer other(const std::string& id, workload::Op op, std::vector<std::string> inputs) {
  workload::Layer out;
  out.id = id;
  out.op = op;
  out.inputs = std::move(inputs);
  return out;
}

inline workload::Network network(std::vector<workload::Layer> layers) {
  workload::Network out;
  out.name = "net";
  out.inputs = {"image"};
  out.layers = std::move(layers);
  return out;
}

// A layer of any shape, precision and sign, the smallest included.
inline workload::Layer random_layer(Random& random, const std::string& id, const std::string& source) {
  const auto count = [&](std::uint64_t most) { return static_cast<std::uint32_t>(1 + random.below(most)); };
  const std::uint32_t kernel = count(3);
  workload::Layer out = random.chance(3)
                            ? linear(id, source, count(70), count(40), count(5))
                            : conv(id, source, count(40), kernel + count(20) - 1, count(20), kernel);
  out.precision = {.weight_bits = count(16), .activation_bits = count(16), .group_widths_file = {}};
  out.activation.rep.is_signed = random.chance(2);
  out.weight.rep.is_signed = !random.chance(4);
  if (random.chance(8)) out.weight.source = source;  // made at run time
  return out;
}

}  // namespace heddle::test
