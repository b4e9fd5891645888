// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "sim/arch/accelerator.h"
#include "sim/arch/composition.h"

namespace heddle::arch {

// What every design is built of: its array, the widths of its values and units, and how it stores values.
// Each design declares these keys with the functions below, because ranges, defaults and sources are its own.
// Defaults stand in the declaration alone; the members of a parameter struct have none.
struct ArrayParams {
  ArrayShape shape;
  std::uint32_t container_bits{};
  std::uint32_t pe_width{};  // bits of a value that one element takes
  Storage storage{};

  // Reads "tiles", `rows_key`, "columns", "container_bits", "storage" and, where they are declared,
  // "pe_width" (otherwise an element takes the whole container). Columns given as a word are left at 0.
  static ArrayParams from(const config::Values& values, const std::string& rows_key = "rows");
};

// The dimensions of the array, at least 1 and at most `most`. `source`: where the default was read.
inline constexpr const char* kTilesMean = "tiles, each with its own filters of the same windows";
config::Parameter tiles_parameter(std::uint32_t by_default, std::string source,
                                  std::string means = kTilesMean);
config::Parameter rows_parameter(std::uint32_t by_default, std::string source,
                                 std::string means = "filters of a tile", std::uint32_t most = 1024);
config::Parameter columns_parameter(std::uint32_t by_default, std::string source, std::string means);

// Width in which values are stored and moved: 8 or 16.
config::Parameter container_bits_parameter();
// Width of an element where it may be narrower than a value (sim/arch/composition.h).
config::Parameter pe_width_parameter();
// How values lie in memory.
config::Parameter storage_parameter(Storage fallback, std::string source);

// An accelerator whose Params have an ArrayParams `array`: what every design answers alike. A design with a
// mapping of its own for a kind of layer overrides map().
template <class Params>
class ArrayAccelerator : public Accelerator {
 public:
  explicit ArrayAccelerator(Params params) : params_(std::move(params)) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] ArrayShape shape() const override { return params_.array.shape; }
  [[nodiscard]] unsigned container_bits() const override { return params_.array.container_bits; }
  [[nodiscard]] Storage storage() const override { return params_.array.storage; }
  [[nodiscard]] Mapping map(const workload::LoweredLayer& layer, Pallet pallet) const override {
    return map_composed(layer, shape(), pallet, params_.array.pe_width);
  }

 protected:
  Params params_;
};

}  // namespace heddle::arch
