// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "sim/arch/array_accelerator.h"
#include "sim/pricing/term_encoder.h"

namespace heddle::models::laconic {

// A size_t, so that products with it are as wide as the indices they form.
inline constexpr std::size_t kLanes = arch::kLanes;

enum class Sync { barrier, queue };

struct Params {
  arch::ArrayParams array;
  Sync sync{};
  std::uint32_t queue_depth{};  // QueueArray::kUnlimited: no limit
  kernel::Encoder encoder{};

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Over all parts of each value; empty where a value has one part.
struct AllParts {
  std::vector<std::uint8_t> terms;
  std::vector<std::uint8_t> non_zero;  // parts that have terms
};

// Term counts of a layer, 16 per brick.
struct PreparedTerms final : arch::Prepared {
  // The count of the part with most terms, which determines the lane's time. [activation brick][lane] and
  // [filter][step][lane].
  std::vector<std::uint8_t> activations;
  std::vector<std::uint8_t> weights;
  AllParts all_activations;
  AllParts all_weights;

  [[nodiscard]] const std::uint8_t* activation(std::size_t brick) const {
    return activations.data() + brick * arch::kLanes;
  }
};

// Laconic (arXiv 1805.04513, ISCA'19): every processing element multiplies 16 weight x activation pairs term
// by term, one pair of terms per lane and cycle; weights are shared along a row, activations along a column.
class Laconic final : public arch::ArrayAccelerator<Params> {
 public:
  using ArrayAccelerator::ArrayAccelerator;

  [[nodiscard]] arch::Needs needs() const override { return {.activations = true, .weights = true}; }
  [[nodiscard]] std::vector<std::string> notes() const override {
    return {pricing::encoder_note(params_.encoder)};
  }
  // A magnitude that is wider than an element is split: rows make one filter, columns one window.
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  [[nodiscard]] std::uint64_t widest_step_cycles() const override {
    return std::uint64_t{kernel::most_terms(params_.encoder, element_bits())} *
           kernel::most_terms(params_.encoder, element_bits());
  }
};

}  // namespace heddle::models::laconic
