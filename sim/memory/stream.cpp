// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/stream.h"

#include <algorithm>

namespace heddle::memory {

Rate slower(const Rate& a, const Rate& b) {
  if (a.bytes == 0) return b;
  if (b.bytes == 0) return a;
  return a.bytes * b.cycles <= b.bytes * a.cycles ? a : b;
}

Instant Stream::after(Instant at, std::uint64_t bytes) const {
  if (rate_.bytes == 0) return at;
  const std::uint64_t parts = at.part + bytes * rate_.cycles;
  return {at.cycle + parts / rate_.bytes, parts % rate_.bytes};
}

Instant Stream::before(Instant at, std::uint64_t bytes) const {
  if (rate_.bytes == 0) return at;
  const std::uint64_t parts = bytes * rate_.cycles;
  const std::uint64_t borrow = parts % rate_.bytes > at.part ? 1 : 0;
  const std::uint64_t whole = parts / rate_.bytes + borrow;
  if (whole > at.cycle) return {};
  return {at.cycle - whole, at.part + borrow * rate_.bytes - parts % rate_.bytes};
}

Bytes BufferPath::room() const {
  if (memory.capacity == memory::kUnlimited) return memory::kUnlimited;
  return memory.is_double_buffered ? Bytes(memory.capacity.count() / 2) : Bytes(0);
}

Rate BufferPath::sustained() const {
  if (!memory.is_double_buffered || memory.capacity == memory::kUnlimited || occupied == Cycles(0))
    return rate;
  return slower(rate, {room().count(), occupied.count()});
}

std::uint64_t BufferPath::fills(Bytes bytes) const {
  return std::max<std::uint64_t>(1, ceil_div(bytes.count(), memory.capacity.count()));
}

std::uint64_t InputPath::ready(std::uint64_t from, std::uint64_t free, Bytes bytes) const {
  if (path_.memory.is_double_buffered || bytes == Bytes(0)) return std::max(from, free);
  const Bytes fill = std::min(bytes, path_.memory.capacity);
  const std::uint64_t begin = std::max(from, free + path_.latency.count());
  return stream_.after({begin, 0}, fill.count()).edge();
}

std::uint64_t InputPath::take(std::uint64_t from, std::uint64_t start, std::uint64_t busy, Bytes bytes) {
  if (bytes == Bytes(0)) return busy;
  const std::uint64_t b = bytes.count();
  if (!path_.memory.is_double_buffered) {
    // The first fill has already arrived; the tiles wait for each of the others.
    const std::uint64_t first = std::min(b, path_.memory.capacity.count());
    const std::uint64_t read = tile_port_.after({}, b).edge();
    const std::uint64_t filling = stream_.after({}, b).edge() - stream_.after({}, first).edge();
    return std::max(busy, read) + filling + (path_.fills(bytes) - 1) * path_.latency.count();
  }
  Instant begin = std::max(filled_, Instant{from, 0});
  if (path_.room() != memory::kUnlimited)
    begin = std::max(begin, stream_.before({start, 0}, path_.room().count()));
  filled_ = stream_.after(begin, b);
  return std::max(start + busy, filled_.edge()) - start;
}

// A chain of n bursts in closed form. Let t be the cycles between bursts, d the cycles to drain one burst,
// and k the cycles to drain as many bytes as the room holds. Burst j has left the tiles at x_j = max(x_(j-1)
// + t, y_j - k), and the buffer is empty again at y_j = max(y_(j-1), x_(j-1) + t) + d. Both are the largest
// sum over all paths through these equations. All bursts are equal, so only four paths can be the
// largest: n t; t + n d - k; n (t + d - k); and (what is left from the work before) + n d - k.
std::uint64_t OutputPath::take(std::uint64_t start, std::uint64_t busy, Bytes bytes, std::uint64_t bursts) {
  const std::uint64_t b = bytes.count();
  const Instant end{start + busy, 0};
  if (b == 0) {
    drained_ = std::max(drained_, end);
    return busy;
  }
  const Instant first{start + ceil_div(busy, bursts), 0};
  const Instant backlog = stream_.after(std::max(drained_, first), b);
  drained_ = std::max(backlog, stream_.after(end, ceil_div(b, bursts)));
  if (path_.room() == memory::kUnlimited) return busy;
  const std::uint64_t room = path_.room().count();
  Instant rid = std::max(end, stream_.before(backlog, room));
  if (b / bursts >= room) {
    const std::uint64_t turns = path_.memory.is_double_buffered
                                    ? 0
                                    : bursts * path_.fills(Bytes(b / bursts)) * path_.occupied.count();
    const Instant waited = stream_.after({end.cycle + turns, 0}, b - room * bursts);
    rid = std::max(rid, waited);
    drained_ = std::max(drained_, stream_.after(waited, room));
  }
  return rid.edge() - start;
}

}  // namespace heddle::memory
