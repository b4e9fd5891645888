// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/trace/codec.h"
#include "sim/trace/trace.h"

namespace heddle::trace {

enum class OperandRole { weight, activation };

// A tensor of an array layer in the order in which the DPRed codec reads it: one run per position of a
// convolution, which holds its channels, or one per row of a matrix. Padding is not stored.
struct Runs {
  trace::GroupFormat format;
  std::size_t length = 0;
  std::vector<std::int32_t> values;
};
Runs runs_of(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
             unsigned container_bits);
trace::CodecSize group_size(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
                            unsigned container_bits);

// The size of a tensor in each form in which designs store values.
struct StoredSizes {
  Bits container;   // one container per value
  Bits zero_value;  // one flag per value, and one container per value that is not zero
  Bits precision;   // the layer's precision per value
  trace::CodecSize groups;
  Bits compressed;  // the cheaper form of `groups`, chosen per tensor
  StoredSizes& operator+=(const StoredSizes& other);
};
// Throws Error(workload) where the layer's precision is wider than the container.
StoredSizes stored_sizes(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
                         unsigned container_bits);

}  // namespace heddle::trace
