// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/accelerator.h"
#include "sim/arch/composition.h"
#include "sim/pricing/activation_serial.h"

namespace heddle::models::stripes {

struct Params {
  std::uint32_t tiles = 16;
  std::uint32_t rows = 16;
  std::uint32_t columns = 16;
  std::uint32_t bits_per_cycle = 1;
  std::uint32_t container_bits = 16;
  std::uint32_t pe_width = 16;
  pricing::ActivationFetch fetch = pricing::ActivationFetch::ideal;
  arch::Storage storage = arch::Storage::container;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Stripes (MICRO'16): a tile of rows (filters) x columns (windows) of serial inner-product units, 16 lanes
// each; weights bit-parallel, activations `bits_per_cycle` bits a cycle at the layer's precision Pa.
class Stripes final : public arch::Accelerator {
 public:
  explicit Stripes(Params params) : params_(params) {}
  [[nodiscard]] const Params& params() const { return params_; }
  // Cycles that a brick's bits take to stream through a unit.
  [[nodiscard]] std::uint32_t serial_cycles(const workload::Layer& layer) const;

  [[nodiscard]] arch::ArrayShape shape() const override {
    return {params_.tiles, params_.rows, params_.columns};
  }
  [[nodiscard]] unsigned container_bits() const override { return params_.container_bits; }
  [[nodiscard]] arch::Storage storage() const override { return params_.storage; }
  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override {
    return arch::map_composed(layer, shape(), pallet, params_.pe_width);
  }
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  Params params_;
};

}  // namespace heddle::models::stripes
