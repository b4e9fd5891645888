// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/arch/mapping.h"
#include "sim/base/quantity.h"

namespace heddle::arch {

// Elements that are narrower than a layer's values (the open simulator DNNsim's PE width; Laconic's 8-bit
// elements): ceil(Pa / width) neighbouring columns work as one on a window, ceil(Pw / width) rows on a
// filter.

// A subword is what one element takes of such a value. A 16-bit value has four in elements of 4 bits, the
// narrowest.
inline constexpr std::uint32_t kMostSubwords = 4;

// How many elements a layer's values take.
inline Composition composition_of(const workload::LoweredLayer& layer, unsigned width) {
  return {static_cast<std::uint32_t>(ceil_div(layer.weight_bits, width)),
          static_cast<std::uint32_t>(ceil_div(layer.activation_bits, width))};
}

// map_layer() on the composed array. Throws Error(config) where a tile has too few elements to compose the
// layer's values of.
Mapping map_composed(const workload::LoweredLayer& layer, const ArrayShape& array, Pallet pallet,
                     unsigned width);

// Bits of subword `index` of a two's-complement value, lowest first; where the tensor is signed the subword's
// top bit acts as its sign.
constexpr std::int32_t subword_of(std::int32_t value, std::uint32_t index, unsigned width, bool is_signed) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value) >> (index * width) & ((1U << width) - 1U);
  const bool is_negative = is_signed && bits >> (width - 1) != 0;
  return static_cast<std::int32_t>(bits) - (is_negative ? 1 << width : 0);
}

}  // namespace heddle::arch
