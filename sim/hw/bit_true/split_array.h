// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sim/hw/bit_true/array.h"

namespace heddle::hw {

// An array with one way of working for convolutions and another for fully connected layers. The two sets
// of modules stand for the same elements.
template <class Convolutions, class FullyConnected>
class SplitArray : public BitTrueArray {
 public:
  template <class ConvolutionDesign, class FullyConnectedDesign>
  SplitArray(const sc_core::sc_module_name& name, const ConvolutionDesign& convolution,
             const typename Convolutions::Options& options, const FullyConnectedDesign& fully_connected,
             const typename FullyConnected::Options& fully_connected_options)
      : BitTrueArray(name),
        convolutions_("convolutions", convolution, options),
        fully_connected_("fully_connected", fully_connected, fully_connected_options) {}

  Cycles execute(const arch::LayerInput& input, const arch::Block& block, Reducer& reducer) override {
    BitTrueArray& part =
        input.lowered.is_fully_connected ? static_cast<BitTrueArray&>(fully_connected_) : convolutions_;
    return part.execute(input, block, reducer);
  }
  void trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const override {
    convolutions_.trace_tile(file, tile);
    fully_connected_.trace_tile(file, tile);
  }

 protected:
  bool begin(const arch::LayerInput&, const arch::Block&, Reducer&) override { return false; }

 private:
  Convolutions convolutions_;
  FullyConnected fully_connected_;
};

}  // namespace heddle::hw
