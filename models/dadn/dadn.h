// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/accelerator.h"
#include "sim/arch/composition.h"

namespace heddle::models::dadn {

struct Params {
  std::uint32_t tiles = 16;
  std::uint32_t filters_per_tile = 16;
  std::uint32_t columns = 1;
  std::uint32_t container_bits = 16;
  std::uint32_t pe_width = 16;
  arch::Storage storage = arch::Storage::container;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// DaDianNao (MICRO'14), called DPNN in the Loom paper: tiles x filters x 16 lanes of bit-parallel
// multipliers with an adder tree a filter. conv = Ho*Wo * steps * passes; a fully connected layer is the
// same formula with one window.
class Dadn final : public arch::Accelerator {
 public:
  explicit Dadn(Params params) : params_(params) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] arch::ArrayShape shape() const override {
    return {params_.tiles, params_.filters_per_tile, params_.columns};
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

}  // namespace heddle::models::dadn
