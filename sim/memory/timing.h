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

// The fewest bits of a compressed group of 16 values: of 8-bit containers, all zero (sim/trace/codec.h).
inline constexpr std::uint64_t kLeastGroupBits = 19;

// Throughput of the codec, in groups of 16 values per cycle. With eight, the decoder takes at least 19 bytes
// per cycle, more than the shipped memory systems deliver.
struct CodecRates {
  std::uint32_t decoder = 8;
  std::uint32_t encoder = 8;
};

struct IdealParameters {
  std::uint64_t bandwidth_mb_per_s = 0;  // 10^6 bytes per second, both directions together; 0: unlimited
  std::uint64_t latency_ns = 0;
};

}  // namespace heddle::memory
