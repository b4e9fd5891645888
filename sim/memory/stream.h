// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "sim/base/quantity.h"
#include "sim/memory/on_chip_memory.h"

namespace heddle::memory {

// `bytes` per `cycles`; 0 bytes: without limit.
struct Rate {
  std::uint64_t bytes = 0;
  std::uint64_t cycles = 1;
};
Rate slower(const Rate& a, const Rate& b);

// An instant of a stream: a cycle, and a part of it in units of 1 / rate.bytes. It is exact, so that rounding
// never makes a faster stream later.
struct Instant {
  std::uint64_t cycle = 0;
  std::uint64_t part = 0;
  [[nodiscard]] std::uint64_t edge() const { return cycle + (part > 0 ? 1 : 0); }
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

class Stream {
 public:
  explicit Stream(const Rate& rate) : rate_(rate) {}
  // When `bytes` more than at `at` have passed.
  [[nodiscard]] Instant after(Instant at, std::uint64_t bytes) const;
  // When `bytes` fewer than at `at` had passed; at the earliest the start of the simulation.
  [[nodiscard]] Instant before(Instant at, std::uint64_t bytes) const;

 private:
  Rate rate_;
};

// A buffer between an on-chip memory and the tiles, and the hardware between it and that memory.
struct BufferPath {
  OnChipMemory memory;
  Rate rate;        // of the slowest part of the path
  Cycles latency;   // of the whole path
  Cycles occupied;  // the shortest time for which a byte takes up its place in the buffer

  // The half that the tiles are not reading (input) or writing (output); 0 without double buffering.
  [[nodiscard]] Bytes room() const;
  // Throughput of the path: at most the room divided by the time for which a byte takes up its place.
  [[nodiscard]] Rate sustained() const;
  // How often a buffer that is not double-buffered is filled for `bytes` bytes.
  [[nodiscard]] std::uint64_t fills(Bytes bytes) const;
};

// The path to the tiles. Work reads its activations evenly while it computes. Double-buffered, the dispatcher
// runs ahead of the tiles by at most the room; otherwise filling and reading take turns. Cycles count from
// the start of the simulation.
class InputPath {
 public:
  // `tile_port`: the rate at which the tiles read the buffer.
  InputPath(const BufferPath& path, const Rate& tile_port)
      : path_(path), stream_(path.sustained()), tile_port_(tile_port) {}

  // The earliest start of work whose first activations can arrive at `from`. `free` is when the tiles have
  // finished the work before.
  [[nodiscard]] std::uint64_t ready(std::uint64_t from, std::uint64_t free, Bytes bytes) const;
  // Cycles from `start` until the work is done and has read all its activations, given `busy` compute cycles.
  std::uint64_t take(std::uint64_t from, std::uint64_t start, std::uint64_t busy, Bytes bytes);

 private:
  BufferPath path_;
  Stream stream_;
  Stream tile_port_;
  Instant filled_;
};

// The path from the tiles. Outputs leave the tiles in bursts, one per window set, evenly spread over the
// work.
class OutputPath {
 public:
  explicit OutputPath(const BufferPath& path) : path_(path), stream_(path.sustained()) {}

  // Cycles from `start` until the last output has left the tiles, given `busy` compute cycles.
  std::uint64_t take(std::uint64_t start, std::uint64_t busy, Bytes bytes, std::uint64_t bursts);
  // When all outputs so far are in the memory behind the buffer.
  [[nodiscard]] std::uint64_t drained() const { return drained_.edge() + path_.latency.count(); }

 private:
  BufferPath path_;
  Stream stream_;
  Instant drained_;  // when the last output leaves the buffer
};

}  // namespace heddle::memory
