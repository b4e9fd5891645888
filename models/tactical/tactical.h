// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/tactical/kernel/schedule.h"
#include "sim/arch/array_accelerator.h"
#include "sim/pricing/term_encoder.h"
#include "sim/pricing/width_detector.h"

namespace heddle::models::tactical {

enum class BackEnd { parallel, precision, terms };
enum class Detection { column, row };  // whose activations share a width, or a first-stage shift
enum class TileSync { independent, lockstep };

struct Params {
  arch::ArrayParams array;
  BackEnd back_end{};
  Pattern pattern;
  ScheduleOptions schedule;
  bool gate_zero_slots{};
  TileSync tile_sync{};
  std::uint32_t registers{};  // R; kernel::RunAhead::kUnlimited
  bool trim_low{};
  pricing::WidthRule width_rule{};
  kernel::Encoder encoder{};
  std::uint32_t first_stage_bits{};
  Detection detection{};

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Bit-Tactical (arXiv 1803.03688, ASPLOS 2019): software packs each filter's non-zero weights into fewer
// columns; a multiplexer at each weight lane picks the activation that the promoted weight needs. The back
// end multiplies bit-parallel, serially over the activations' width (TCLp), or term by term (TCLe).
class Tactical final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;

  [[nodiscard]] std::vector<std::string> notes() const override {
    if (params_.back_end != BackEnd::terms) return {};
    return {pricing::encoder_note(params_.encoder)};
  }
  [[nodiscard]] std::vector<std::string> assumptions() const override {
    if (!params_.pattern.unlimited()) return {};
    return {"front end X<inf,15>: an upper bound, no multiplexer reaches so far"};
  }
  [[nodiscard]] arch::Needs needs() const override {
    return {.activations = params_.back_end != BackEnd::parallel,
            .weights = true,
            .tensor_signs =
                params_.back_end == BackEnd::precision && params_.width_rule == pricing::WidthRule::dnnsim};
  }
  [[nodiscard]] bool packs_weights() const override { return true; }
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;
  [[nodiscard]] Bits weight_metadata(const arch::LayerInput& input,
                                     const arch::Prepared& prepared) const override;
  [[nodiscard]] std::optional<arch::PackingReport> packing_report(
      const arch::LayerInput& input) const override;

  // The packed columns of one filter set. Weights that are made at run time cannot be packed: every slot
  // counts as a weight.
  [[nodiscard]] Schedule pack(const arch::LayerInput& input, const arch::FilterSet& set,
                              bool keep_slots) const;
  // The same as the array runs it: with gate_zero_slots, zeros among weights that are made at run time are
  // found when they are loaded (docs/rules/tactical.md#zero-slots).
  [[nodiscard]] Schedule pack_as_loaded(const arch::LayerInput& input, const arch::FilterSet& set,
                                        bool keep_slots) const;
  // Whether each row must be examined by itself. That is not needed for widths that count from the top only:
  // the widest row is as wide as all rows together.
  [[nodiscard]] bool per_row() const {
    return params_.detection == Detection::row &&
           (params_.back_end == BackEnd::terms ||
            (params_.back_end == BackEnd::precision && params_.trim_low));
  }

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return params_.back_end == BackEnd::parallel    ? 1
           : params_.back_end == BackEnd::precision ? element_bits()
                                                    : kernel::most_terms(params_.encoder, element_bits());
  }
};

}  // namespace heddle::models::tactical
