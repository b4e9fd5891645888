// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/accelerator.h"
#include "sim/arch/composition.h"
#include "sim/pricing/term_encoder.h"

namespace heddle::models::pragmatic {

struct Params {
  std::uint32_t tiles = 16;
  std::uint32_t rows = 16;
  std::uint32_t columns = 16;
  kernel::Encoder encoder = kernel::Encoder::naf;
  std::uint32_t first_stage_bits = 2;
  std::uint32_t registers = 0;  // kernel::RunAhead::kUnlimited
  std::uint32_t container_bits = 16;
  std::uint32_t pe_width = 16;
  arch::Storage storage = arch::Storage::container;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Pragmatic (MICRO'17): the grid of Stripes, fed with the terms of each activation (signed powers of two)
// instead of all its bits. Weights are bit-parallel. A column's 16 lanes share a second-stage shifter and
// each has a first-stage shifter of `first_stage_bits` bits (kernel/shifter.h).
class Pragmatic final : public arch::Accelerator {
 public:
  explicit Pragmatic(Params params) : params_(params) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] arch::ArrayShape shape() const override {
    return {params_.tiles, params_.rows, params_.columns};
  }
  [[nodiscard]] unsigned container_bits() const override { return params_.container_bits; }
  [[nodiscard]] arch::Needs needs() const override { return {.activations = true}; }
  [[nodiscard]] std::vector<std::string> notes() const override {
    return {pricing::encoder_note(params_.encoder)};
  }
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

}  // namespace heddle::models::pragmatic
