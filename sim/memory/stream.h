// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "sim/base/quantity.h"
#include "sim/memory/on_chip_memory.h"

namespace heddle::memory {

// So many bytes in so many cycles; 0 bytes: without limit.
struct Rate {
  std::uint64_t bytes = 0;
  std::uint64_t cycles = 1;
};
Rate slower(const Rate& a, const Rate& b);

// Of a stream: a cycle and the part of it in which some of the rate's bytes have passed. Kept to the byte, so
// that a faster stream is never later by rounding.
struct Instant {
  std::uint64_t cycle = 0;
  std::uint64_t part = 0;
  [[nodiscard]] std::uint64_t edge() const { return cycle + (part > 0 ? 1 : 0); }
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

class Stream {
 public:
  explicit Stream(const Rate& rate) : rate_(rate) {}
  [[nodiscard]] Instant after(Instant at, std::uint64_t bytes) const;  // so many bytes have passed
  [[nodiscard]] Instant before(Instant at,
                               std::uint64_t bytes) const;  // so many had still to; 0 at the least

 private:
  Rate rate_;
};

// A buffer between an on-chip memory and the tiles, with the way between it and that memory.
struct BufferPath {
  OnChipMemory memory;
  Rate rate;        // the slowest on the way
  Cycles latency;   // from one end of the way to the other
  Cycles occupied;  // for so long, at the least, a byte keeps its place in the buffer

  // What lies in it beside what is just being read (input) or written (output): the other half.
  [[nodiscard]] Bytes room() const;
  // No more can pass than its room in the time that a byte takes its place.
  [[nodiscard]] Rate sustained() const;
  // Fills of a buffer that is not double-buffered.
  [[nodiscard]] std::uint64_t fills(Bytes bytes) const;
};

// In front of the tiles. Work reads its activations evenly while it computes; double-buffered, the dispatcher
// is ahead of the reading tiles by at most the room; otherwise filling and reading take turns. Cycles are
// counted from the start of the simulation.
class InputPath {
 public:
  // `tile_port`: of the buffer, towards the tiles.
  InputPath(const BufferPath& path, const Rate& tile_port)
      : path_(path), stream_(path.sustained()), tile_port_(tile_port) {}

  // The earliest start of work whose first activations could come through at `from`. `free`: the tiles have
  // been done with the work before.
  [[nodiscard]] std::uint64_t ready(std::uint64_t from, std::uint64_t free, Bytes bytes) const;
  // Cycles from `start` until work that takes `busy` cycles by itself has read everything and is done.
  std::uint64_t take(std::uint64_t from, std::uint64_t start, std::uint64_t busy, Bytes bytes);

 private:
  BufferPath path_;
  Stream stream_;
  Stream tile_port_;
  Instant filled_;
};

// Behind the tiles. Outputs leave the tiles in bursts, one a window set, evenly spread over the work.
class OutputPath {
 public:
  explicit OutputPath(const BufferPath& path) : path_(path), stream_(path.sustained()) {}

  // Cycles from `start` until the tiles are rid of the outputs of work that takes `busy` cycles by itself.
  std::uint64_t take(std::uint64_t start, std::uint64_t busy, Bytes bytes, std::uint64_t bursts);
  // When everything so far is in the memory behind the buffer.
  [[nodiscard]] std::uint64_t drained() const { return drained_.edge() + path_.latency.count(); }

 private:
  BufferPath path_;
  Stream stream_;
  Instant drained_;  // from the buffer
};

}  // namespace heddle::memory
