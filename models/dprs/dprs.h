// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/arch/array_accelerator.h"
#include "sim/pricing/width_detector.h"

namespace heddle::models::dprs {

enum class FullyConnected { round_robin, cascade };
enum class WeightPrecision { layer, group };

struct Params {
  arch::ArrayParams array;
  std::uint32_t group_size{};
  bool trim_low{};
  pricing::WidthRule width_rule{};
  std::uint32_t bits_per_cycle{};
  std::uint32_t registers{};  // kernel::RunAhead::kUnlimited
  FullyConnected fully_connected{};
  WeightPrecision weight_precision{};

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Dynamic Stripes (arXiv 1706.00504) and DPRed Stripes (arXiv 1804.06732): the array of Stripes, with
// detectors that give each group of activations the width that its values need at run time.
class Dprs final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;
  [[nodiscard]] std::vector<std::string> notes() const override {
    return arch::notes_on_bits_per_cycle(params_.array, params_.bits_per_cycle);
  }
  [[nodiscard]] std::uint32_t columns_per_unit() const { return params_.group_size / arch::kLanes; }
  // Whether the layer runs on the extension for fully connected layers.
  [[nodiscard]] bool cascades(const workload::LoweredLayer& layer) const {
    return layer.is_fully_connected && params_.fully_connected == FullyConnected::cascade;
  }
  // Bits of the weights that a cascading pass loads for a step: the widest of all its filters and slices.
  [[nodiscard]] unsigned weight_width(const arch::LayerInput& input, std::uint32_t pass,
                                      std::uint32_t step) const;
  // The detectors at the dispatcher as they are set for a layer.
  [[nodiscard]] pricing::WidthDetector detector(const arch::LayerInput& input) const {
    return pricing::WidthDetector::of_activations(params_.width_rule, params_.trim_low, input);
  }

  [[nodiscard]] arch::Needs needs() const override {
    return {.activations = true,
            .tensor_signs = params_.width_rule == pricing::WidthRule::dnnsim,
            .group_widths = params_.weight_precision == WeightPrecision::group &&
                            params_.fully_connected == FullyConnected::cascade};
  }
  [[nodiscard]] bool reads_group_widths(const workload::LoweredLayer& layer) const override {
    return needs().group_widths && cascades(layer);
  }
  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override;
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return ceil_div(element_bits(), params_.bits_per_cycle);
  }
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare_cascade(const arch::LayerInput& input) const;
  [[nodiscard]] arch::Cost price_cascade(const arch::LayerInput& input, const arch::Prepared& prepared,
                                         const arch::Block& block) const;
};

// The summaries of all activation bricks, in the order of the image.
std::vector<kernel::GroupBits> summaries(const workload::ActivationBricks& activations);
// The same for subword `index` of values that are cut into subwords of `width` bits.
std::vector<kernel::GroupBits> subword_summaries(const workload::ActivationBricks& activations,
                                                 std::uint32_t index, unsigned width, bool is_signed);

}  // namespace heddle::models::dprs
