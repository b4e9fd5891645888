// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/base/quantity.h"

namespace heddle::memory {

struct SramTiming {
  std::uint64_t bytes_per_cycle = 0;  // all banks and ports together; 0: unlimited
  Cycles read_latency;
  Cycles write_latency;
  // How long `bytes` bytes keep the ports busy.
  [[nodiscard]] Cycles busy(Bytes bytes) const {
    return bytes_per_cycle == 0 ? Cycles(0) : Cycles(ceil_div(bytes.count(), bytes_per_cycle));
  }
};

// Hardware that values pass through between a memory and a buffer: dispatcher or output reducer.
struct StageTiming {
  std::uint64_t bytes_per_cycle = 0;  // 0: unlimited
  Cycles latency;
};

// Throughput of the codec, in groups of 16 values per cycle.
struct CodecRates {
  std::uint32_t decoder = 1;
  std::uint32_t encoder = 1;
};

struct IdealParameters {
  std::uint64_t bandwidth_mb_per_s = 0;  // 10^6 bytes per second, both directions together; 0: unlimited
  std::uint64_t latency_ns = 0;
};

}  // namespace heddle::memory
