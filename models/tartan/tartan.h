// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/array_accelerator.h"
#include "sim/pricing/activation_serial.h"

namespace heddle::models::tartan {

struct Params {
  arch::ArrayParams array;
  std::uint32_t bits_per_cycle{};
  pricing::ActivationFetch fetch{};

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Tartan (arXiv 1707.09068): a tile of rows x columns of serial inner-product units, 16 lanes each, whose
// second weight register is loaded bit-serially. Convolutions run activation-serial against parallel
// weights; in fully connected layers every unit has weights of its own, loaded while the activations of
// the step before stream.
class Tartan final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;
  [[nodiscard]] std::vector<std::string> notes() const override {
    return arch::notes_on_bits_per_cycle(params_.array, params_.bits_per_cycle);
  }

  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return ceil_div(element_bits(), params_.bits_per_cycle);
  }
};

}  // namespace heddle::models::tartan
