// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/array_accelerator.h"
#include "sim/pricing/activation_serial.h"

namespace heddle::models::stripes {

struct Params {
  arch::ArrayParams array;
  std::uint32_t bits_per_cycle{};
  pricing::ActivationFetch fetch{};

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Stripes (MICRO'16): a tile of rows (filters) x columns (windows) of serial inner-product units, 16 lanes
// each; weights bit-parallel, activations `bits_per_cycle` bits per cycle at the layer's precision Pa.
class Stripes final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;
  [[nodiscard]] std::vector<std::string> notes() const override {
    return arch::notes_on_bits_per_cycle(params_.array, params_.bits_per_cycle);
  }
  // Cycles for which the bits of a brick stream through a unit.
  [[nodiscard]] std::uint32_t serial_cycles(const workload::Layer& layer) const;

  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return ceil_div(element_bits(), params_.bits_per_cycle);
  }
};

}  // namespace heddle::models::stripes
