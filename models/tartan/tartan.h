// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/accelerator.h"
#include "sim/pricing/activation_serial.h"

namespace heddle::models::tartan {

struct Params {
  std::uint32_t tiles = 16;
  std::uint32_t rows = 16;
  std::uint32_t columns = 16;
  std::uint32_t bits_per_cycle = 1;
  std::uint32_t container_bits = 16;
  pricing::ActivationFetch fetch = pricing::ActivationFetch::ideal;
  arch::Storage storage = arch::Storage::container;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Tartan (arXiv 1707.09068): a tile of rows x columns of serial inner-product units, 16 lanes each, whose
// second weight register is loaded bit-serially. Convolutions run activation-serial against parallel
// weights; in fully connected layers every unit has weights of its own, loaded while the activations of
// the step before stream.
class Tartan final : public arch::Accelerator {
 public:
  explicit Tartan(Params params) : params_(params) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] arch::ArrayShape shape() const override {
    return {params_.tiles, params_.rows, params_.columns};
  }
  [[nodiscard]] unsigned container_bits() const override { return params_.container_bits; }
  [[nodiscard]] arch::Storage storage() const override { return params_.storage; }
  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override;
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  Params params_;
};

}  // namespace heddle::models::tartan
