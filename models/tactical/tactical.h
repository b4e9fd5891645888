// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/tactical/kernel/schedule.h"
#include "sim/arch/accelerator.h"
#include "sim/arch/composition.h"
#include "sim/pricing/term_encoder.h"
#include "sim/pricing/width_detector.h"

namespace heddle::models::tactical {

enum class BackEnd { parallel, precision, terms };
enum class Detection { column, row };  // whose activations share a width, or a first-stage shift
enum class TileSync { independent, lockstep };

inline constexpr std::uint32_t kMaxRows = 16;  // of the scheduler: all rows of a filter set advance together

struct Params {
  std::uint32_t tiles = 4;
  std::uint32_t rows = 16;
  std::uint32_t columns = 16;
  std::uint32_t container_bits = 16;
  std::uint32_t pe_width = 16;
  arch::Storage storage = arch::Storage::container;
  BackEnd back_end = BackEnd::terms;
  Pattern pattern = Pattern::parse("T<2,5>");
  ScheduleOptions schedule;
  bool gate_zero_slots = false;
  TileSync tile_sync = TileSync::independent;
  std::uint32_t registers = 1;  // R; kernel::RunAhead::kUnlimited
  bool trim_low = true;
  pricing::WidthRule width_rule = pricing::WidthRule::papers;
  kernel::Encoder encoder = kernel::Encoder::naf;
  std::uint32_t first_stage_bits = 2;
  Detection detection = Detection::column;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Bit-Tactical (arXiv 1803.03688, ASPLOS 2019): software packs each filter's non-zero weights into fewer
// columns; a multiplexer at each weight lane picks the activation that the promoted weight needs. The back
// end multiplies bit-parallel, serially over the activations' width (TCLp), or term by term (TCLe).
class Tactical final : public arch::Accelerator {
 public:
  explicit Tactical(Params params) : params_(std::move(params)) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] arch::ArrayShape shape() const override {
    return {params_.tiles, params_.rows, params_.columns};
  }
  [[nodiscard]] unsigned container_bits() const override { return params_.container_bits; }
  [[nodiscard]] std::vector<std::string> notes() const override {
    if (params_.back_end != BackEnd::terms) return {};
    return {pricing::encoder_note(params_.encoder)};
  }
  [[nodiscard]] arch::Needs needs() const override {
    return {.activations = params_.back_end != BackEnd::parallel,
            .weights = true,
            .tensor_signs =
                params_.back_end == BackEnd::precision && params_.width_rule == pricing::WidthRule::dnnsim};
  }
  [[nodiscard]] arch::Storage storage() const override { return params_.storage; }
  [[nodiscard]] bool packs_weights() const override { return true; }
  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override {
    return arch::map_composed(layer, shape(), pallet, params_.pe_width);
  }
  [[nodiscard]] std::unique_ptr<arch::Plan> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Plan& plan,
                                 const arch::Block& block) const override;
  [[nodiscard]] Bits weight_metadata(const arch::LayerInput& input, const arch::Plan& plan) const override;
  [[nodiscard]] std::optional<arch::PackingReport> packing_report(
      const arch::LayerInput& input) const override;

  // The packed columns of one filter set. Weights that are made at run time cannot be packed: every slot
  // counts as a weight.
  [[nodiscard]] Schedule pack(const arch::LayerInput& input, const arch::FilterSet& set,
                              bool keep_slots) const;
  // Whether rows must be looked at one by one. Widths that only count from the top do not differ: the widest
  // row is as wide as all rows together.
  [[nodiscard]] bool per_row() const {
    return params_.detection == Detection::row &&
           (params_.back_end == BackEnd::terms ||
            (params_.back_end == BackEnd::precision && params_.trim_low));
  }

 private:
  Params params_;
};

}  // namespace heddle::models::tactical
