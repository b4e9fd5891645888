// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/array_accelerator.h"
#include "sim/pricing/term_encoder.h"

namespace heddle::models::pragmatic {

struct Params {
  arch::ArrayParams array;
  kernel::Encoder encoder{};
  std::uint32_t first_stage_bits{};
  std::uint32_t registers{};  // kernel::RunAhead::kUnlimited

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Pragmatic (MICRO'17): the grid of Stripes, fed with the terms of each activation (signed powers of two)
// instead of all its bits. Weights are bit-parallel. A column's 16 lanes share a second-stage shifter and
// each has a first-stage shifter of `first_stage_bits` bits (kernel/shifter.h).
class Pragmatic final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;

  [[nodiscard]] arch::Needs needs() const override { return {.activations = true}; }
  [[nodiscard]] std::vector<std::string> notes() const override {
    return {pricing::encoder_note(params_.encoder)};
  }
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return kernel::most_terms(params_.encoder, element_bits());
  }
};

}  // namespace heddle::models::pragmatic
