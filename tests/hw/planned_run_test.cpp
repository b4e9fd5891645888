// SPDX-License-Identifier: Apache-2.0
//
// Random networks, planned and blocked for random memories, on the engine. One simulation per process.
#include <deque>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/hw/engine/engine.h"
#include "tests/dram/support.h"
#include "tests/unit/memory/planned_network.h"

namespace {

using namespace heddle;

struct Planned {
  memory::MemoryPlan plan;
  memory::WorkList list;
  memory::MemoryConfig memory;
};

// Returns no plan where no blocking fits.
std::optional<Planned> random_plan(std::uint64_t seed) {
  Random random(seed, "planned run");
  const arch::ArrayShape array{1 + static_cast<std::uint32_t>(random.below(3)), 1U << random.below(5),
                               1U << random.below(5)};
  const test::PlannedNetwork n(test::random_network(seed), array);
  Planned out;
  out.memory.is_compute_only = false;
  out.memory.off_chip = memory::OffChipKind::ideal;
  out.memory.activation_memory = {Bytes(300 + random.below(random.chance(2) ? 3000 : 60000)),
                                  !random.chance(3)};
  out.memory.weight_memory = {Bytes(64 + random.below(random.chance(2) ? 1000 : 30000)), !random.chance(3)};
  out.memory.ideal.latency_ns = random.below(300);
  out.memory.activation_timing = {1 + random.below(64), Cycles(random.below(3)), Cycles(random.below(3))};
  out.memory.weight_timing = {1 + random.below(64), Cycles(random.below(3)), Cycles(random.below(3))};
  try {
    out.plan =
        memory::plan_memory(n.network, n.flow, n.sizes,
                            {out.memory.activation_memory, out.memory.weight_memory, false, {}}, "test");
  } catch (const Error&) {
    return std::nullopt;
  }
  out.list = test::work_list(n, out.plan, out.memory.activation_memory, out.memory.weight_memory, 2,
                             Cycles(1 + random.below(400)));
  return out;
}

Cycles total(const hw::Timing& timing) {
  Cycles sum(0);
  for (const auto& layer : timing.layers) sum += layer.cycles;
  return sum;
}

}  // namespace

TEST_CASE("planned networks: bytes are the plan's, the ledger closes, more bandwidth never adds a cycle") {
  const std::vector<std::uint64_t> rates{40, 100, 137, 1000, 1001, 12800, 0};
  std::deque<Planned> planned;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    auto one = random_plan(seed);
    if (!one) continue;
    for (const auto rate : rates) {
      planned.push_back(*one);
      planned.back().memory.ideal.bandwidth_mb_per_s = rate;
    }
  }
  REQUIRE(planned.size() > 30 * rates.size());
  std::vector<hw::Job> jobs;
  for (const auto& p : planned) jobs.push_back({p.list, p.memory, 1000});
  const auto timings = hw::simulate(jobs);
  std::size_t stalled = 0;
  for (std::size_t i = 0; i < timings.size(); ++i) {
    INFO("plan " << i / rates.size() << ", " << rates[i % rates.size()] << " MB/s");
    CHECK(timings[i].off_chip_read + timings[i].off_chip_written == planned[i].plan.bytes * 2);
    for (const auto& layer : timings[i].layers)
      CHECK(layer.cycles == layer.compute + result::sum_fields(layer.stalls));
    if (i % rates.size() == 0) continue;
    CHECK(total(timings[i]) <= total(timings[i - 1]));
    stalled += total(timings[i]) < total(timings[i - 1]) ? 1U : 0U;
  }
  CHECK(stalled > 100);
}

TEST_CASE("the next layer's weights are loaded while the bus has time and there is room") {
  // One tile of 16 x 16: the convolution computes 64 sets of 16 windows, the classifier waits for 65,536
  // bytes of weights, which take 32,768 cycles at 2 bytes per cycle.
  const test::PlannedNetwork n(test::network_of({test::conv("conv", "image", 16, 32, 16, 3),
                                                 test::linear("fc", "conv", 16 * 32 * 32, 2)}),
                               {1, 16, 16});
  std::deque<memory::WorkList> lists;
  std::deque<memory::MemoryConfig> memories;
  std::vector<hw::Job> jobs;
  for (const Bytes room : {Bytes(8192), memory::kUnlimited}) {
    memory::MemoryConfig memory;
    memory.is_compute_only = false;
    memory.off_chip = memory::OffChipKind::ideal;
    memory.ideal.bandwidth_mb_per_s = 2000;
    memory.weight_memory.capacity = room;
    const auto plan =
        memory::plan_memory(n.network, n.flow, n.sizes, {{}, memory.weight_memory, false, {}}, "test");
    lists.push_back(test::work_list(n, plan, {}, memory.weight_memory, 1, Cycles(60000)));
    memories.push_back(memory);
    jobs.push_back({lists.back(), memories.back(), 1000});
  }
  const auto timings = hw::simulate(jobs);
  // The image's first lines and the convolution's weights (16 * 144 * 2 = 4,608 bytes) are loaded before
  // anything else.
  CHECK(timings[1].layers[1].stalls.weights == Cycles(0));
  CHECK(timings[1].layers[0].stalls.activations + timings[1].layers[0].stalls.weights < Cycles(4000));
  // Weights that do not fit must wait; those of the classifier are used once, one slice after the other.
  CHECK(timings[0].off_chip_read == timings[1].off_chip_read);
}

TEST_CASE("planned networks on a DRAM: whole bursts, and every cycle is accounted for") {
  std::deque<Planned> planned;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    auto one = random_plan(seed);
    if (!one) continue;
    one->memory.off_chip = memory::OffChipKind::dram;
    one->memory.dram = dram::MemoryConfiguration{
        .parameters = dram_test::memory(seed % 2 == 0 ? "lpddr4_4267_8gb_x16" : "ddr4_3200_8gb_x8"),
        .echo = {}};
    one->memory.dma_transfers = 1 + static_cast<std::uint32_t>(seed % 4);
    planned.push_back(*one);
  }
  REQUIRE(planned.size() > 20);
  std::vector<hw::Job> jobs;
  // Clocks whose edges never meet.
  for (const auto& p : planned) jobs.push_back({p.list, p.memory, 980});
  const auto timings = hw::simulate(jobs);
  for (std::size_t i = 0; i < timings.size(); ++i) {
    INFO("plan " << i);
    const auto& t = timings[i];
    const Bytes moved = t.off_chip_read + t.off_chip_written;
    CHECK(moved >= planned[i].plan.bytes * 2);
    REQUIRE(t.dram);
    CHECK(moved.count() == (t.dram->reads + t.dram->writes) * t.granule_bytes);
    for (const auto& layer : t.layers)
      CHECK(layer.cycles == layer.compute + result::sum_fields(layer.stalls));
    // Transfers of one cause end in the order of the list, on the accelerator's clock.
    std::array<std::uint64_t, memory::kCauses> last{};
    for (const auto& transfer : t.transfers) {
      CHECK(transfer.end % t.ticks_per_cycle == 0);
      CHECK(transfer.begin <= transfer.end);
      const auto cause = transfer.is_write ? memory::Cause::outputs : memory::cause_of(transfer.traffic);
      auto& before = last[static_cast<std::size_t>(cause)];
      CHECK(transfer.end >= before);
      before = transfer.end;
    }
  }
}
