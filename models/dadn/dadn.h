// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/array_accelerator.h"

namespace heddle::models::dadn {

struct Params {
  arch::ArrayParams array;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// DaDianNao (MICRO'14), called DPNN in the Loom paper: tiles x filters x 16 lanes of bit-parallel
// multipliers with one adder tree per filter. conv = Ho*Wo * steps * passes; a fully connected layer is the
// same formula with one window.
class Dadn final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;

  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override { return 1; }
};

}  // namespace heddle::models::dadn
