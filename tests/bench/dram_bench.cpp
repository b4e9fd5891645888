// SPDX-License-Identifier: Apache-2.0
// Items are bursts: requests made on the fly, all offered at once, run to completion on one channel.
#include <benchmark/benchmark.h>

#include "sim/base/random.h"
#include "sim/config/compose.h"
#include "sim/dram/parameters.h"
#include "sim/dram/request_driver.h"
#include "sim/dram/run_mover.h"

namespace {

using namespace heddle::dram;  // NOLINT(google-build-using-namespace): a benchmark of this one namespace

constexpr std::uint64_t kBursts = 200000;

MemoryParameters memory(const char* name, const std::vector<std::string>& overrides = {}) {
  const auto path =
      std::filesystem::path(HEDDLE_SOURCE_DIR) / "configs" / "memories" / (std::string(name) + ".json");
  return read_device(heddle::config::compose(path, overrides)).parameters;
}

template <class Make>
void measure(benchmark::State& state, const MemoryParameters& m, Make&& make) {
  Cycle last = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    MemorySystem system(m);
    heddle::Random random(1);
    std::uint64_t i = 0;
    const auto next = [&]() -> std::optional<TraceRequest> {
      return i < kBursts ? std::optional<TraceRequest>(make(i++, random)) : std::nullopt;
    };
    drive_requests(
        system, next, [] { return std::string(); },
        [&](const Issued& x) { last = std::max(last, x.data_end); });
    benchmark::DoNotOptimize(last);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kBursts) * static_cast<std::int64_t>(state.iterations()));
  state.counters["memory_cycles"] = static_cast<double>(last);
}

void dram_sequential_reads(benchmark::State& state) {
  measure(state, memory("ddr4_3200_8gb_x8"), [](std::uint64_t i, heddle::Random&) {
    return TraceRequest{i * 64, 0, Kind::read};
  });
}
BENCHMARK(dram_sequential_reads);

void dram_bank_serial_reads(benchmark::State& state) {
  measure(state, memory("ddr4_3200_8gb_x8", {"controller.address_map=ch-ra-ba-bg-ro-co"}),
          [](std::uint64_t i, heddle::Random&) {
            return TraceRequest{i * 64, 0, Kind::read};
          });
}
BENCHMARK(dram_bank_serial_reads);

void dram_lpddr4_sequential_reads(benchmark::State& state) {
  measure(state, memory("lpddr4_4267_8gb_x16"), [](std::uint64_t i, heddle::Random&) {
    return TraceRequest{i * 32, 0, Kind::read};
  });
}
BENCHMARK(dram_lpddr4_sequential_reads);

void dram_reads_and_writes(benchmark::State& state) {
  measure(state, memory("ddr4_3200_8gb_x8"), [](std::uint64_t i, heddle::Random&) {
    return TraceRequest{i * 64, 0, i % 2 == 0 ? Kind::read : Kind::write};
  });
}
BENCHMARK(dram_reads_and_writes);

// Three commands per burst, and every bank is a candidate: the slowest case.
void dram_random_reads(benchmark::State& state) {
  measure(state, memory("ddr4_3200_8gb_x8"), [](std::uint64_t, heddle::Random& random) {
    return TraceRequest{random.below(std::uint64_t{1} << 27) * 64, 0, Kind::read};
  });
}
BENCHMARK(dram_random_reads);

// Three streams of 64 KiB runs in flight.
void dram_runs(benchmark::State& state) {
  const auto m = memory("ddr4_3200_8gb_x8");
  for (auto unused : state) {
    static_cast<void>(unused);
    RunMover mover(m);
    Cycle now = 0;
    for (std::uint64_t run = 0; run < 64; ++run) {
      const RunMover::Ticket tickets[] = {
          mover.start({run << 16, 1 << 16, Kind::read}, now),
          mover.start({(1ULL << 30) + (run << 16), 1 << 16, Kind::read}, now),
          mover.start({(1ULL << 31) + (run << 16), 1 << 16, Kind::write}, now)};
      for (const auto ticket : tickets) {
        while (!mover.issued(ticket)) mover.advance(now = mover.completion(ticket));
        mover.release(ticket);
      }
    }
  }
  state.SetItemsProcessed(64 * 3 * 1024 * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(dram_runs);

}  // namespace
