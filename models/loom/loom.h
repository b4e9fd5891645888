// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "sim/arch/array_accelerator.h"
#include "sim/pricing/width_detector.h"

namespace heddle::models::loom {

enum class ActivationWidth { layer, dynamic };
enum class WeightPrecision { layer, group, values };
enum class WeightSync { maximum, mean };
enum class FullyConnected { cascade, round_robin };
enum class ComposedWeights { unit, layer };

struct Params {
  arch::ArrayParams array;
  std::uint32_t bits_per_cycle{};
  bool trim_low{};
  ActivationWidth activation_width{};
  WeightPrecision weight_precision{};
  WeightSync weight_sync{};
  pricing::WidthRule width_rule{};
  FullyConnected fully_connected{};
  ComposedWeights composed_weights{};

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Loom (DAC'18): a grid of rows (filters) x columns (windows) of units, each 16 products of one weight bit
// and `bits_per_cycle` activation bits. A weight bit is held while the activation bits stream, so that a
// step takes ceil(Pa / b) * Pw cycles. In fully connected layers the columns take weights of their own and
// start one cycle apart.
class Loom final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;
  [[nodiscard]] std::vector<std::string> notes() const override {
    return arch::notes_on_bits_per_cycle(params_.array, params_.bits_per_cycle);
  }
  [[nodiscard]] std::vector<std::string> assumptions() const override;
  // Refuses weight_sync "mean".
  void require_bit_true() const override;

  // The number of units that together process a value of `bits` bits: one per `pe_width` bits.
  [[nodiscard]] std::uint32_t subwords(unsigned bits) const {
    return static_cast<std::uint32_t>(ceil_div(bits, params_.array.pe_width));
  }
  // Width of a brick of values that are `bits` bits wide under this configuration's rule, of the widest
  // subword where they are cut.
  [[nodiscard]] unsigned width(std::span<const std::int32_t, workload::kBrick> brick, unsigned bits,
                               const pricing::WidthDetector& detector) const;
  [[nodiscard]] pricing::WidthDetector activation_detector(const arch::LayerInput& input) const {
    return pricing::WidthDetector::of_activations(params_.width_rule, params_.trim_low, input);
  }
  [[nodiscard]] pricing::WidthDetector weight_detector(const arch::LayerInput& input) const {
    return pricing::WidthDetector::of_weights(params_.width_rule, params_.trim_low, input);
  }
  // Whether the layer's weights are counted at widths of their own: the trace's, or found in the values.
  // Otherwise they have the layer's precision, and widths in the trace change nothing.
  [[nodiscard]] bool has_group_widths(const arch::LayerInput& input) const;

  [[nodiscard]] arch::Needs needs() const override;
  // Of convolutions, and of fully connected layers in turns: cascades hold the layer's weight bits.
  [[nodiscard]] bool reads_group_widths(const workload::LoweredLayer& layer) const override {
    return needs().group_widths && !cascades(layer);
  }
  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override;
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& base,
                                 const arch::Block& block) const override;
  [[nodiscard]] Bits weight_metadata(const arch::LayerInput& input,
                                     const arch::Prepared& prepared) const override;

 private:
  [[nodiscard]] bool cascades(const workload::LoweredLayer& layer) const {
    return layer.is_fully_connected && params_.fully_connected == FullyConnected::cascade;
  }
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return ceil_div(element_bits(), params_.bits_per_cycle) *
           (params_.composed_weights == ComposedWeights::layer ? params_.array.container_bits
                                                               : element_bits());
  }
};

}  // namespace heddle::models::loom
