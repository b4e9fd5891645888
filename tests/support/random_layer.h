// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/arch/accelerator.h"
#include "sim/base/random.h"
#include "sim/workload/bricks.h"

namespace heddle::test {

// A layer with values, made in memory instead of read from a trace, for property tests.
struct LayerCase {
  workload::Layer layer;
  workload::IntTensor activations;
  workload::IntTensor weights;

  [[nodiscard]] std::string describe() const;
  [[nodiscard]] std::int64_t reference(std::uint32_t filter, std::uint64_t window) const;
};

struct CaseLimits {
  unsigned widest_bits = 16;        // of activations and weights
  std::uint64_t most_macs = 60000;  // cases are shrunk below this
};

// Random shape (convolution, grouped, depthwise, strided, dilated, padded, image layer, FC, matrix
// product), precisions, signs and values. Values are drawn like those of real layers: many zeros, small
// magnitudes, sometimes all zero or all extreme.
LayerCase random_case(Random& random, const CaseLimits& limits);

// A plain convolution with every value drawn by `random` inside the precisions.
LayerCase convolution(Random& random, std::uint32_t channels, std::uint32_t size, std::uint32_t filters,
                      std::uint32_t kernel, unsigned activation_bits, unsigned weight_bits, bool is_signed);
LayerCase fully_connected(Random& random, std::uint32_t inputs, std::uint32_t outputs,
                          unsigned activation_bits, unsigned weight_bits, bool is_signed);

// Fills the tensors of a layer whose geometry and precisions are set.
void fill_values(LayerCase& out, Random& random);

// A case mapped for a model. Owns what LayerInput points to.
class MappedCase {
 public:
  MappedCase(const LayerCase& layer, const arch::Accelerator& accelerator,
             const arch::MappingOptions& options);
  [[nodiscard]] const arch::LayerInput& input() const { return *input_; }

 private:
  arch::MappedLayer mapped_;
  std::unique_ptr<workload::ActivationBricks> activations_;
  std::unique_ptr<workload::WeightBricks> weights_;
  std::unique_ptr<arch::LayerInput> input_;
};

}  // namespace heddle::test
