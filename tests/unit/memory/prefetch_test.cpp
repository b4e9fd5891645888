// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/prefetch.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "sim/base/random.h"

namespace {

using namespace heddle;
using memory::Movable;
using memory::Queued;
using memory::Transfer;
using memory::Work;

struct Sample {
  std::uint32_t first = 0;
  std::vector<Work> items;
  std::vector<Queued> fixed;
  std::vector<Movable> loads;

  void add_items(std::size_t count, std::uint64_t cycles) {
    for (std::size_t i = 0; i < count; ++i) items.push_back({.layer = 0, .compute = Cycles(cycles)});
  }
  // A load for the piece that follows `latest`.
  void load(std::uint32_t after, std::uint32_t latest, std::uint64_t bytes) {
    const std::uint64_t address = loads.empty() ? 0 : loads.back().transfer.address + (1U << 20U);
    loads.push_back(
        {{latest + 1, after, memory::Traffic::weights, false, address, Bytes(bytes), Cycles(bytes / 3)},
         latest});
  }
  // Another transfer that a piece needs; it may start with the piece before.
  void other(std::uint32_t item, std::uint64_t bytes) {
    const std::uint32_t after = std::max(item, first + 1) - 1;
    fixed.push_back(
        {{item, after, memory::Traffic::input_activations, false, 0, Bytes(bytes), Cycles(0)}, after});
  }
  [[nodiscard]] std::vector<Queued> placed() const { return memory::place_ahead(fixed, loads, items, first); }

  // Cycles of the sample when a bus of `rate` bytes per cycle follows the order.
  [[nodiscard]] std::uint64_t cycles(std::vector<Queued> order, std::uint64_t rate) const {
    order.insert(order.end(), fixed.begin(), fixed.end());
    const auto transfers = memory::order_transfers(std::move(order));
    std::vector<std::uint64_t> arrived(items.size(), 0);
    std::size_t next = 0;
    std::uint64_t bus = 0;  // in 1/rate cycles
    std::uint64_t now = 0;
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      for (; next < transfers.size() && transfers[next].after <= first + i; ++next) {
        bus = std::max(bus, now * rate) + transfers[next].bytes.count();
        auto& at = arrived[transfers[next].item - first];
        at = std::max(at, ceil_div(bus, rate));
      }
      now = std::max(now, arrived[i]) + items[i].compute.count();
    }
    return now;
  }
  [[nodiscard]] std::vector<Queued> unmoved() const {
    std::vector<Queued> out;
    for (const auto& load : loads) out.push_back({load.transfer, load.latest});
    return out;
  }
};

Sample random_sample(std::uint64_t seed) {
  Random random(seed, "prefetch");
  Sample s;
  s.first = static_cast<std::uint32_t>(random.below(50));
  const auto count = 2 + random.below(60);
  for (std::uint64_t i = 0; i < count; ++i) s.add_items(1, random.chance(5) ? 0 : random.below(5000));
  const auto random_position = [&] { return s.first + static_cast<std::uint32_t>(random.below(count)); };
  for (std::uint64_t i = random.below(60); i > 0; --i) s.other(random_position(), 1 + random.below(40000));
  std::vector<std::uint32_t> after;
  std::vector<std::uint32_t> latest;
  const auto loads = 1 + random.below(30);
  for (std::uint64_t i = 0; i < loads; ++i) {
    after.push_back(random_position());
    latest.push_back(s.first + static_cast<std::uint32_t>(random.below(count - 1)));
  }
  std::sort(after.begin(), after.end());
  std::sort(latest.begin(), latest.end());
  for (std::uint64_t i = 0; i < loads; ++i)
    s.load(std::min(after[i], latest[i]), latest[i], 1 + random.below(random.chance(4) ? 200000 : 20000));
  return s;
}

}  // namespace

TEST_CASE("weight loads join in order, without a missing byte, when there is room and not too late") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Sample s = random_sample(seed);
    const auto placed = s.placed();
    std::size_t at = 0;
    std::uint32_t position = s.first;
    for (const Movable& load : s.loads) {
      INFO("sample " << seed);
      std::uint64_t done = 0;
      Cycles codec(0);
      while (done < load.transfer.bytes.count()) {
        REQUIRE(at < placed.size());
        const Queued& q = placed[at++];
        CHECK(q.transfer.item == load.transfer.item);
        CHECK(q.transfer.address == load.transfer.address + done);
        CHECK(q.position >= std::max(position, load.transfer.after));
        CHECK(q.position <= load.latest);
        CHECK(q.is_ahead == (q.position < load.latest));
        position = q.position;
        done += q.transfer.bytes.count();
        codec += q.transfer.codec;
        if (done < load.transfer.bytes.count()) CHECK((load.transfer.address + done) % memory::kCut == 0);
      }
      CHECK(done == load.transfer.bytes.count());
      CHECK(codec == load.transfer.codec);
    }
    CHECK(at == placed.size());
  }
}

TEST_CASE("at no bandwidth does a sample take longer than when weights join late") {
  std::size_t better = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Sample s = random_sample(seed);
    const auto placed = s.placed();
    for (const std::uint64_t rate : {1U, 2U, 3U, 5U, 8U, 13U, 16U, 21U, 64U, 100U}) {
      INFO("sample " << seed << ", " << rate << " bytes per cycle");
      const std::uint64_t before = s.cycles(s.unmoved(), rate);
      const std::uint64_t after = s.cycles(placed, rate);
      // Loads are cut at multiples of kCut, not at any byte.
      CHECK(after <= before + memory::kCut / rate);
      better += after < before ? 1U : 0U;
    }
  }
  CHECK(better > 300);
}

TEST_CASE("weights by hand: an idle bus takes them, a busy one does not") {
  // Twenty pieces of 1000 cycles. The last needs 128,000 bytes, which may come from the start. Other
  // transfers keep a bus of 16 bytes per cycle busy while the first ten compute, and then move 800 bytes per
  // piece.
  Sample s;
  s.add_items(20, 1000);
  for (std::uint32_t i = 1; i <= 10; ++i) s.other(i, 16000);
  for (std::uint32_t i = 11; i < 20; ++i) s.other(i, 800);
  s.load(0, 18, 128000);
  constexpr std::uint64_t kOfACut = memory::kCut / 16;
  CHECK(s.cycles(s.unmoved(), 16) == 17 * 1000 + 50 + 8000 + 50 + 1000);
  const auto placed = s.placed();
  CHECK(s.cycles(placed, 16) <= 20 * 1000 + kOfACut);
  for (const auto& q : placed) CHECK(q.position >= 10);
  // Without room until piece 15, four pieces with 15,200 free bytes each hide a part.
  s.loads.front().transfer.after = 15;
  const std::uint64_t exposed = (128000 - 4 * 15200) / 16;
  CHECK(s.cycles(s.placed(), 16) >= 20 * 1000 + exposed);
  CHECK(s.cycles(s.placed(), 16) <= 20 * 1000 + exposed + kOfACut);
}
