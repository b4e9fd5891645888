// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sim/arch/accelerator.h"
#include "sim/trace/trace.h"

namespace heddle::arch {

// Whether the layer's time follows widths of groups of its weights that the trace does not state. A front end
// cannot find the widths of a right operand that is made at run time: it keeps the layer's.
bool needs_unstated_widths(const workload::Layer& layer, const workload::LoweredLayer& lowered,
                           const Accelerator& accelerator);

// Owns what a LayerInput points to. Built for one layer, sample and accelerator; tensors that the design
// does not ask for are not loaded.
class LayerData {
 public:
  // `all_values`: load both tensors whatever the design needs (bit-true runs).
  // Throws Error(workload) where the trace lacks values that the design's cycles depend on, where a
  // precision is wider than the design's container, or where a counting mode serves shapes only. Widths of
  // groups of weights are the trace's, else those of its weights, else those that `options` assume.
  LayerData(const trace::Trace& trace, const workload::Layer& layer, std::uint32_t sample,
            const Accelerator& accelerator, const MappingOptions& options, bool all_values = false);

  [[nodiscard]] const LayerInput& input() const { return *input_; }
  [[nodiscard]] const workload::IntTensor& activation_codes() const { return activation_codes_; }
  [[nodiscard]] const workload::IntTensor& weight_codes() const { return weight_codes_; }

 private:
  MappedLayer mapped_;
  workload::IntTensor activation_codes_;  // kept for bit-true runs only
  workload::IntTensor weight_codes_;
  std::unique_ptr<workload::ActivationBricks> activations_;
  std::unique_ptr<workload::WeightBricks> weights_;
  std::unique_ptr<LayerInput> input_;
};

}  // namespace heddle::arch
