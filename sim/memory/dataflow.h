// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/network.h"

namespace heddle::memory {

// A tensor that must lie somewhere between the layer that makes it and the last that reads it.
struct StoredTensor {
  std::string name;            // the layer or network input that makes it
  bool is_input = false;       // lies off chip from the start; `made` is the first layer that reads it
  bool is_output = false;      // must lie off chip at the end
  std::uint32_t made = 0;      // layer
  std::uint32_t last_use = 0;  // layer
  std::uint64_t values = 0;
  // The widest precision at which array layers read it; 0 when none does.
  unsigned bits = 0;
};

struct Use {
  std::uint32_t tensor = 0;
  std::uint64_t values = 0;  // how many of them are read
};

// An array layer and what follows it while its outputs leave the array: activations, norms, pools,
// additions. Those cost no time; operands that were made in an earlier layer are read from memory.
struct ArrayLayer {
  std::uint32_t index = 0;       // into the network's layers
  std::vector<Use> activations;  // left operand
  std::vector<Use> weights;      // right operand where it is made at run time
  std::vector<Use> extras;       // second operands of what follows: residuals
  std::vector<std::uint32_t> makes;
};

struct Dataflow {
  std::vector<StoredTensor> tensors;
  std::vector<ArrayLayer> layers;  // one an array layer, in order
};

// Lifetimes over the whole graph. concat, reshape, transpose, slice, pad and upsample move nothing: whoever
// reads their output reads their inputs. A value that is read only while it leaves the array is not stored.
Dataflow trace_dataflow(const workload::Network& network);

}  // namespace heddle::memory
