// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/arch/composition.h"
#include "sim/pricing/term_encoder.h"

namespace heddle::models::laconic {

// As a size, so that products with it are as wide as what they index.
inline constexpr std::size_t kLanes = arch::kLanes;

enum class Sync { barrier, queue };

struct Params {
  std::uint32_t tiles = 1;
  std::uint32_t rows = 8;
  std::uint32_t columns = 16;
  Sync sync = Sync::barrier;
  std::uint32_t queue_depth = 1;  // QueueArray::kUnlimited: no limit
  kernel::Encoder encoder = kernel::Encoder::naf;
  std::uint32_t lpe_width = 16;
  std::uint32_t container_bits = 16;
  arch::Storage storage = arch::Storage::container;

  static config::Declaration declaration();
  static Params from(const config::Values& values);
};

// Over all parts of each value; empty where a value has one part.
struct AllParts {
  std::vector<std::uint8_t> terms;
  std::vector<std::uint8_t> non_zero;  // parts that have terms
};

// Term counts of a layer, 16 a brick.
struct PreparedTerms final : arch::Prepared {
  // Of the part with most terms: what an element's lane waits for. [activation brick][lane] and
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
// by term, one pair of terms a lane and cycle; weights are shared along a row, activations along a column.
class Laconic final : public arch::Accelerator {
 public:
  explicit Laconic(Params params) : params_(params) {}
  [[nodiscard]] const Params& params() const { return params_; }

  [[nodiscard]] arch::ArrayShape shape() const override {
    return {params_.tiles, params_.rows, params_.columns};
  }
  [[nodiscard]] unsigned container_bits() const override { return params_.container_bits; }
  [[nodiscard]] arch::Storage storage() const override { return params_.storage; }
  [[nodiscard]] arch::Needs needs() const override { return {.activations = true, .weights = true}; }
  [[nodiscard]] std::vector<std::string> notes() const override {
    return {pricing::encoder_note(params_.encoder)};
  }
  // A magnitude that is wider than an element is split: rows make one filter, columns one window.
  [[nodiscard]] arch::Mapping map(const workload::LoweredLayer& layer, arch::Pallet pallet) const override {
    return arch::map_composed(layer, shape(), pallet, params_.lpe_width);
  }
  [[nodiscard]] std::unique_ptr<arch::Prepared> prepare(const arch::LayerInput& input) const override;
  [[nodiscard]] arch::Cost price(const arch::LayerInput& input, const arch::Prepared& prepared,
                                 const arch::Block& block) const override;

 private:
  Params params_;
};

}  // namespace heddle::models::laconic
