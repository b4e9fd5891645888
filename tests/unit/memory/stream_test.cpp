// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/stream.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/base/random.h"

namespace {

using namespace heddle;
using memory::BufferPath;
using memory::InputPath;
using memory::OutputPath;

constexpr std::uint64_t kRuns = 400;

// The definition of a double-buffered output buffer, burst by burst, in 1/rate.bytes of a cycle.
class Bursts {
 public:
  explicit Bursts(const BufferPath& path) : path_(path), rate_(path.sustained()) {}

  // `busy` and `bytes` are multiples of `bursts`.
  std::uint64_t take(std::uint64_t start, std::uint64_t busy, std::uint64_t bytes, std::uint64_t bursts) {
    std::uint64_t rid = start * rate_.bytes;
    const std::uint64_t drain = bytes / bursts * rate_.cycles;
    for (std::uint64_t j = 0; j < bursts; ++j) {
      const std::uint64_t landed = rid + busy / bursts * rate_.bytes;
      empty_ = std::max(empty_, landed) + drain;
      const std::uint64_t room = path_.room() == memory::kUnlimited ? empty_ : path_.room().count();
      const std::uint64_t without = room * rate_.cycles;
      rid = std::max(landed, empty_ > without ? empty_ - without : 0);
    }
    return ceil_div(rid, rate_.bytes) - start;
  }
  [[nodiscard]] std::uint64_t drained() const {
    return ceil_div(empty_, rate_.bytes) + path_.latency.count();
  }

 private:
  BufferPath path_;
  memory::Rate rate_;
  std::uint64_t empty_ = 0;
};

// The definition of a double-buffered input buffer, byte by byte. A byte enters when the byte before it has
// entered, its own data have arrived and there is a place for it. The tiles read evenly, but no byte before
// it has entered.
class ByteByByte {
 public:
  explicit ByteByByte(const BufferPath& path) : room_(path.room().count()), rate_(path.sustained()) {}

  std::uint64_t take(std::uint64_t from, std::uint64_t start, std::uint64_t busy, std::uint64_t bytes) {
    for (std::uint64_t b = 1; b <= bytes; ++b) {
      std::uint64_t place = 0;
      if (read_.size() >= room_) place = read_[read_.size() - room_];
      filled_ = std::max({filled_, from * rate_.bytes, place}) + rate_.cycles;
      read_.push_back(std::max(start * rate_.bytes + ceil_div(b * busy * rate_.bytes, bytes), filled_));
    }
    return std::max(start + busy, ceil_div(filled_, rate_.bytes)) - start;
  }

 private:
  std::uint64_t room_;
  memory::Rate rate_;
  std::uint64_t filled_ = 0;
  std::vector<std::uint64_t> read_;
};

BufferPath random_path(Random& random) {
  BufferPath path;
  path.rate = {1 + random.below(40), 1 + random.below(3)};
  path.memory = {Bytes(64 + random.below(random.chance(2) ? 100 : 1000)), true};
  path.latency = Cycles(random.below(8));
  path.occupied = Cycles(random.below(path.latency.count() + 1));
  return path;
}

struct Item {
  std::uint64_t wait = 0;  // before it starts, or until its data arrive
  std::uint64_t busy = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bursts = 1;
};
std::vector<Item> random_items(Random& random) {
  std::vector<Item> out(1 + random.below(12));
  for (auto& item : out) {
    item.bursts = 1 + random.below(6);
    item.busy = item.bursts * random.below(60);
    item.bytes = item.bursts * random.below(300);
    item.wait = random.chance(2) ? 0 : random.below(100);
  }
  return out;
}

// The cycle in which the last item is done.
std::uint64_t end_of(const BufferPath& input, const BufferPath& output, const std::vector<Item>& items) {
  InputPath in(input, input.rate);
  OutputPath out(output);
  std::uint64_t now = 0;
  for (const auto& item : items) {
    const std::uint64_t from = item.wait + input.latency.count();
    const std::uint64_t start = std::max(now, in.ready(from, now, Bytes(item.bytes)));
    const std::uint64_t fed = in.take(from, start, item.busy, Bytes(item.bytes));
    now = start + out.take(start, fed, Bytes(item.bytes), item.bursts);
  }
  return std::max(now, out.drained());
}

}  // namespace

TEST_CASE("the closed form of outputs equals their definition burst by burst") {
  std::uint64_t held = 0;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    Random random(seed, "bursts");
    BufferPath path = random_path(random);
    if (random.chance(5)) path.memory.capacity = memory::kUnlimited;
    OutputPath form(path);
    Bursts definition(path);
    std::uint64_t now = 0;
    for (const auto& item : random_items(random)) {
      if (item.bytes == 0) continue;
      INFO("run " << seed << " at " << now);
      const auto taken = form.take(now, item.busy, Bytes(item.bytes), item.bursts);
      REQUIRE(taken == definition.take(now, item.busy, item.bytes, item.bursts));
      REQUIRE(form.drained() == definition.drained());
      held += taken > item.busy ? 1U : 0U;
      now += taken + item.wait;
    }
  }
  CHECK(held > kRuns);
}

TEST_CASE("the closed form of inputs equals their definition byte by byte, to the time of one byte") {
  std::uint64_t held = 0;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    Random random(seed, "bytes");
    const BufferPath path = random_path(random);
    InputPath form(path, path.rate);
    ByteByByte definition(path);
    std::uint64_t now = 0;
    std::uint64_t a_byte = 1;
    for (const auto& item : random_items(random)) {
      if (item.bytes == 0) continue;
      INFO("run " << seed << " at " << now);
      // A place is free when its byte has been read, not while it is read.
      a_byte = std::max(a_byte, 1 + ceil_div(item.busy, item.bytes));
      const std::uint64_t from = now + item.wait > 50 ? now + item.wait - 50 : 0;
      const std::uint64_t start = form.ready(from, now, Bytes(item.bytes));
      const auto taken = form.take(from, start, item.busy, Bytes(item.bytes));
      const auto exact = definition.take(from, start, item.busy, item.bytes);
      REQUIRE(taken <= exact);
      REQUIRE(exact <= taken + a_byte);
      held += taken > item.busy ? 1U : 0U;
      now = start + taken;
    }
  }
  CHECK(held > kRuns);
}

TEST_CASE("buffers by hand") {
  // 8 bytes per cycle, a latency of 4 cycles, and 80 bytes during 5 compute cycles.
  const BufferPath wide{{memory::kUnlimited, true}, {8, 1}, Cycles(4), Cycles(4)};
  // Data that arrived a hundred cycles ago cost nothing; data that just arrive take ten cycles to stream.
  CHECK(InputPath(wide, {8, 1}).take(0, 100, 5, Bytes(80)) == 5);
  CHECK(InputPath(wide, {8, 1}).take(100, 100, 5, Bytes(80)) == 10);
  // 32 bytes, half the buffer, are ready; the other 48 take six cycles.
  const BufferPath small{{Bytes(64), true}, {8, 1}, Cycles(4), Cycles(4)};
  CHECK(InputPath(small, {8, 1}).take(0, 100, 5, Bytes(80)) == 6);
  // With a latency of 16 cycles, 32 bytes pass in 16 cycles: two per cycle, so 48 take 24.
  const BufferPath slow{{Bytes(64), true}, {8, 1}, Cycles(16), Cycles(16)};
  CHECK(InputPath(slow, {8, 1}).take(0, 100, 5, Bytes(80)) == 24);
  // In turns: a latency of 4 cycles and 8 to fill; then 5 to compute, 10 to read, and once more 4 and 2.
  const BufferPath turns{{Bytes(64), false}, {8, 1}, Cycles(4), Cycles(4)};
  InputPath single(turns, {8, 1});
  CHECK(single.ready(0, 100, Bytes(80)) == 112);
  CHECK(single.take(0, 112, 5, Bytes(80)) == 10 + 4 + 2);

  // Two bursts of 40 bytes, one cycle apart; each drains in five cycles. Half the buffer holds 32 bytes of
  // them.
  const BufferPath out{{Bytes(64), true}, {8, 1}, Cycles(3), Cycles(2)};
  OutputPath outputs(out);
  CHECK(outputs.take(100, 2, Bytes(80), 2) == 1 + 10 - 4);
  CHECK(outputs.drained() == 100 + 1 + 10 + 3);
  OutputPath waits({{Bytes(64), false}, {8, 1}, Cycles(3), Cycles(2)});
  CHECK(waits.take(100, 2, Bytes(80), 2) == 2 + 2 * (2 + 5));
  CHECK(waits.drained() == 100 + 2 + 14 + 3);
}

// The one exception is an input buffer that is filled and read in turns: a larger one takes longer to fill,
// so that its work starts later and leaves its outputs later.
TEST_CASE("a larger, faster or nearer buffer never adds a cycle") {
  std::uint64_t better = 0;
  for (std::uint64_t seed = 0; seed < kRuns * 4; ++seed) {
    Random random(seed, "monotone");
    BufferPath input = random_path(random);
    BufferPath output = random_path(random);
    input.memory.is_double_buffered = !random.chance(3);
    output.memory.is_double_buffered = !random.chance(3);
    const auto items = random_items(random);
    BufferPath& path = random.chance(2) ? input : output;
    const std::uint64_t before = end_of(input, output, items);
    const bool grows = &path == &output || input.memory.is_double_buffered;
    const auto what = 1 + random.below(grows ? 4 : 2);
    if (what == 1) path.rate.bytes += random.below(20);
    if (what == 2) path.occupied = path.latency = Cycles(path.occupied.count() / 2);
    if (what == 3) path.memory.capacity += Bytes(random.below(300));
    if (what == 4) path.memory.capacity = memory::kUnlimited;
    INFO("run " << seed << ", change " << what);
    const std::uint64_t after = end_of(input, output, items);
    CHECK(after <= before);
    better += after < before ? 1U : 0U;
  }
  CHECK(better > kRuns);
}
