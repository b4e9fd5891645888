// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::memory {

// A tensor that memory holds from the array layer that makes it to the last one that reads it.
struct StoredTensor {
  std::string name;            // the layer or network input that makes it
  bool is_input = false;       // of the network: lies off chip from the start
  bool is_output = false;      // of the network: must lie off chip at the end
  std::uint32_t made = 0;      // array layer that makes it; of an input, the first that reads it
  std::uint32_t last_use = 0;  // array layer
  std::uint64_t values = 0;
  unsigned bits = 0;  // the widest precision at which array layers read it; 0 when none does
};

struct Use {
  std::uint32_t tensor = 0;
  std::uint64_t values = 0;  // how many of them are read
};

// An array layer together with the activations, norms, pools and additions that follow it. Those are applied
// to its outputs while they leave the array and take no time; their operands from earlier layers are read
// from memory.
struct ArrayLayer {
  std::uint32_t index = 0;       // into the network's layers
  std::vector<Use> activations;  // left operand
  std::vector<Use> weights;      // right operand where an earlier layer makes it
  std::vector<Use> extras;       // second operands of the following layers: residuals
  std::vector<std::uint32_t> makes;
  [[nodiscard]] bool has_run_time_weights() const { return !weights.empty(); }
};

struct Dataflow {
  std::vector<StoredTensor> tensors;
  std::vector<ArrayLayer> layers;  // in the order of execution
};

// Finds the lifetime of every tensor in the graph. concat, reshape, transpose, slice, pad and upsample move
// nothing: a layer that reads their output reads their inputs. A value that is only read while it leaves the
// array is not stored.
Dataflow trace_dataflow(const workload::Network& network);

}  // namespace heddle::memory
