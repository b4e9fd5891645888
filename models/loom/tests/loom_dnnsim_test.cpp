// SPDX-License-Identifier: Apache-2.0
//
// DNNsim's compute cycles for Loom, written from its rules over the tensors as a trace holds them.
#include <algorithm>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

struct Array {
  std::uint32_t tiles, rows, columns, bits, width;
  bool dynamic_weights;
};

// The width of a group to which values are added one by one.
struct Group {
  bool is_signed = false;
  unsigned top = 0;
  void add(std::int32_t value) {
    const std::int32_t magnitude = value < 0 ? -value - 1 : value;
    unsigned bits = 0;
    while (bits < 31 && (magnitude >> bits) != 0) ++bits;
    top = std::max(top, bits);
  }
  // Adds each subword of `width` bits of a value of `precision` bits. A subword's top bit acts as its sign.
  void add_subwords(std::int32_t value, unsigned precision, unsigned width) {
    if (width >= precision) {
      add(value);
      return;
    }
    for (unsigned low = 0; low < precision; low += width) {
      std::int32_t subword = (value >> low) % (1 << width);
      if (subword < 0) subword += 1 << width;
      if (is_signed && subword >= 1 << (width - 1)) subword -= 1 << width;
      add(subword);
    }
  }
  [[nodiscard]] unsigned width() const { return std::max(1U, top) + (is_signed ? 1 : 0); }
};

bool any_negative(const workload::IntTensor& tensor) {
  return std::any_of(tensor.values.begin(), tensor.values.end(), [](std::int32_t v) { return v < 0; });
}

std::int32_t activation(const test::LayerCase& c, std::uint32_t channel, std::int64_t y, std::int64_t x) {
  const auto& g = c.layer.geometry;
  if (y < 0 || x < 0 || y >= g.height || x >= g.width) return 0;
  const auto image_y = static_cast<std::size_t>(y);
  const auto image_x = static_cast<std::size_t>(x);
  if (c.layer.op == workload::Op::conv2d)
    return c.activations.values[(std::size_t{channel} * g.height + image_y) * g.width + image_x];
  return c.activations.values[image_x * g.channels + channel];
}

std::uint64_t step_cycles(const test::LayerCase& c, const Array& a, std::uint32_t group,
                          std::uint64_t first_window, std::uint64_t windows, std::uint32_t first_filter,
                          std::uint32_t ky, std::uint32_t kx, std::uint32_t first_channel) {
  const auto& g = c.layer.geometry;
  const std::uint32_t channels = g.channels / g.groups;
  const std::uint32_t filters = g.filters / g.groups;
  const std::uint32_t end = std::min(first_channel + 16, channels);
  Group activations{any_negative(c.activations), 0};
  for (std::uint64_t w = first_window; w < first_window + windows; ++w) {
    const std::int64_t y = static_cast<std::int64_t>(w % g.out_height) * g.stride_y +
                           std::int64_t{ky} * g.dilation_y - g.pad_top;
    const std::int64_t x = static_cast<std::int64_t>(w / g.out_height) * g.stride_x +
                           std::int64_t{kx} * g.dilation_x - g.pad_left;
    for (std::uint32_t i = first_channel; i < end; ++i)
      activations.add_subwords(activation(c, group * channels + i, y, x), c.layer.precision.activation_bits,
                               a.width);
  }
  Group weights{any_negative(c.weights), 0};
  for (std::uint32_t f = first_filter; f < std::min(first_filter + a.rows * a.tiles, filters); ++f) {
    for (std::uint32_t i = first_channel; i < end; ++i) {
      weights.add_subwords(
          c.weights.values[((std::size_t{group * filters + f} * channels + i) * g.kernel_height + ky) *
                               g.kernel_width +
                           kx],
          c.layer.precision.weight_bits, a.width);
    }
  }
  // Static: all bits of the layer, however narrow the units are.
  const unsigned weight_bits = a.dynamic_weights ? weights.width() : c.layer.precision.weight_bits;
  return std::uint64_t{(activations.width() + a.bits - 1) / a.bits} * weight_bits;
}

std::uint64_t dnnsim_cycles(const test::LayerCase& c, Array a) {
  const auto& g = c.layer.geometry;
  a.columns /= (c.layer.precision.activation_bits + a.width - 1) / a.width;
  a.rows /= (c.layer.precision.weight_bits + a.width - 1) / a.width;
  std::vector<std::uint64_t> busy(a.columns, 0);
  std::uint64_t now = 0;
  std::uint64_t turn = 0;
  std::uint64_t sum = 0;
  const bool takes_turns = c.layer.is_fully_connected();
  for (std::uint32_t group = 0; group < g.groups; ++group) {
    for (std::uint32_t f = 0; f < g.filters / g.groups; f += a.rows * a.tiles) {
      for (std::uint64_t w = 0; w < g.windows(); w += a.columns) {
        for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
          for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx) {
            for (std::uint32_t i = 0; i < g.channels / g.groups; i += 16) {
              const std::uint64_t t = step_cycles(
                  c, a, group, w, std::min<std::uint64_t>(a.columns, g.windows() - w), f, ky, kx, i);
              sum += t;
              std::uint64_t& column = busy[turn++ % a.columns];
              now = std::max(now, column);
              column = now + t;
              now += 1;
            }
          }
        }
      }
    }
  }
  return takes_turns ? *std::max_element(busy.begin(), busy.end()) : sum;
}

}  // namespace

TEST_CASE("Loom's DNNsim configurations count DNNsim's compute cycles") {
  for (const char* name : {"loom", "loom_dynamic_weights"}) {
    const auto config = arch::read_accelerator(
        std::string(HEDDLE_SOURCE_DIR) + "/configs/compat/dnnsim/" + name + ".json", {}, models::catalogue());
    std::uint32_t compared = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      Random random(seed, name);
      const Array array{static_cast<std::uint32_t>(random.between(1, 2)),
                        static_cast<std::uint32_t>(random.between(4, 9)),
                        static_cast<std::uint32_t>(random.between(4, 9)),
                        static_cast<std::uint32_t>(random.between(1, 4)),
                        static_cast<std::uint32_t>(random.chance(2) ? 16 : random.between(4, 15)),
                        std::string(name) == "loom_dynamic_weights"};
      auto layer = test::random_case(random, {});
      const auto& g = layer.layer.geometry;
      // Folding and the depthwise diagonal have tests of their own.
      if ((g.channels == 3 && g.stride_y > 1) || (g.groups > 1 && g.groups == g.channels)) continue;
      layer.layer.activation.rep.pad_code = 0;
      config::Json parameters = config.document.root.at("parameters");
      parameters.update({{"tiles", array.tiles},
                         {"rows", array.rows},
                         {"columns", array.columns},
                         {"bits_per_cycle", array.bits},
                         {"pe_width", array.width}});
      const auto accelerator = test::make_accelerator(*config.model, parameters);
      const test::MappedCase mapped(layer, *accelerator, config.mapping);
      INFO(name << " seed " << seed << ": " << layer.describe());
      const arch::Cost cost = accelerator->price(mapped.input(), *accelerator->prepare(mapped.input()),
                                                 arch::whole_layer(mapped.input().mapping));
      CHECK(cost.compute.count() == dnnsim_cycles(layer, array));
      ++compared;
    }
    CHECK(compared > 80);
  }
}
