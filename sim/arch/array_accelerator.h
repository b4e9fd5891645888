// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

// Products that an array completes per cycle where every step takes `step_cycles`: those of the elements that
// are left once they are composed into values of the container's width.
double peak_of(const ArrayParams& array, std::uint64_t step_cycles);

// What a report says where `bits_per_cycle` and columns do not go together: designs that process several
// activation bits per cycle have 16 / bits_per_cycle columns, so that the peak stays. Empty where they do.
std::vector<std::string> notes_on_bits_per_cycle(const ArrayParams& array, std::uint32_t bits_per_cycle);

// An accelerator whose Params have an ArrayParams `array`: what every design answers alike. A design with a
// mapping of its own for a kind of layer overrides map().
template <class Params>
class ArrayAccelerator : public Accelerator {
 public:
  explicit ArrayAccelerator(Params params) : params_(std::move(params)) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] ArrayShape shape() const override { return params_.array.shape; }
  [[nodiscard]] unsigned container_bits() const override { return params_.array.container_bits; }
  [[nodiscard]] double peak_macs_per_cycle() const override {
    return peak_of(params_.array, widest_step_cycles());
  }
  [[nodiscard]] Storage storage() const override { return params_.array.storage; }
  [[nodiscard]] Mapping map(const workload::LoweredLayer& layer, Pallet pallet) const override {
    return map_composed(layer, shape(), pallet, params_.array.pe_width);
  }

 protected:
  // Bits of the widest value that an element takes: the container's, or less where elements are narrower.
  [[nodiscard]] unsigned element_bits() const {
    return std::min(params_.array.pe_width, params_.array.container_bits);
  }
  // Cycles of a step whose operands fill the container and leave nothing to skip.
  [[nodiscard]] virtual std::uint64_t widest_step_cycles() const = 0;

  Params params_;
};

}  // namespace heddle::arch
