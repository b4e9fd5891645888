// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/base/quantity.h"

namespace heddle::memory {

struct SramTiming {
  std::uint64_t bytes_per_cycle = 0;  // all banks and ports together; 0: unlimited
  Cycles read_latency;
  Cycles write_latency;
  // That the ports are busy with so many bytes.
  [[nodiscard]] Cycles busy(Bytes bytes) const {
    return bytes_per_cycle == 0 ? Cycles(0) : Cycles(ceil_div(bytes.count(), bytes_per_cycle));
  }
};

// A block that values pass through on their way: dispatcher, output reducer.
struct StageTiming {
  std::uint64_t bytes_per_cycle = 0;  // 0: unlimited
  Cycles latency;
};

struct IdealParameters {
  std::uint64_t bandwidth_mb_per_s = 0;  // 10^6 bytes a second, both directions together; 0: unlimited
  std::uint64_t latency_ns = 0;
};

}  // namespace heddle::memory
