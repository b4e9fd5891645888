// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/kernel/codec.h"
#include "sim/trace/trace.h"

namespace heddle::trace {

enum class OperandRole { weight, activation };

// A tensor of an array layer as the DPRed codec takes it: runs of the channels at one position of a
// convolution, or of a row of a matrix. Padding is not stored.
struct Runs {
  kernel::GroupFormat format;
  std::size_t length = 0;
  std::vector<std::int32_t> values;
};
Runs runs_of(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
             unsigned container_bits);
kernel::CodecSize group_size(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
                             unsigned container_bits);

// What a tensor takes in the ways that designs store values.
struct StoredSizes {
  Bits container;   // a container each
  Bits zero_value;  // a flag each, and a container each that is not zero
  Bits precision;   // the layer's precision each
  kernel::CodecSize groups;
  Bits compressed;  // the cheaper form of `groups`, chosen for each tensor
  StoredSizes& operator+=(const StoredSizes& other);
};
// Throws Error(workload) where the layer's precision is wider than the container.
StoredSizes stored_sizes(const workload::Layer& layer, OperandRole role, workload::IntTensor tensor,
                         unsigned container_bits);

}  // namespace heddle::trace
