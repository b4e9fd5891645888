// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>

#include "sim/base/random.h"
#include "sim/hw/engine/engine.h"
#include "sim/memory/work_list.h"

namespace heddle::test {

// A list with every dependency that the rules allow and with sizes from zero to far more than computing can
// hide, also such as no planner would make.
inline memory::WorkList random_work(std::uint64_t seed) {
  Random random(seed, "work");
  memory::WorkList list;
  list.layers = 1 + static_cast<std::uint32_t>(random.below(4));
  const auto items = list.layers + static_cast<std::uint32_t>(random.below(40));
  std::array<std::uint32_t, memory::kCauses> depth{};
  for (auto& d : depth) d = 1 + static_cast<std::uint32_t>(random.below(3));
  std::vector<memory::Queued> queued;
  for (std::uint32_t i = 0; i < items; ++i) {
    list.items.push_back({.layer = i * list.layers / items,
                          .compute = Cycles(random.below(300)),
                          .weight_read = Bytes(random.below(4000)),
                          .activation_read = Bytes(random.below(4000)),
                          .output_written = Bytes(random.chance(4) ? 0 : random.below(1000)),
                          .output_bursts = 1 + static_cast<std::uint32_t>(random.below(6)),
                          .reduced_before = random.chance(5) ? i : 0,
                          .stores_before = 0});
    const auto load = [&](memory::Traffic tensor) {
      if (random.chance(3)) return;
      const auto room = depth[static_cast<std::size_t>(memory::cause_of(tensor))];
      const std::uint32_t after = i < room ? 0 : i - room + 1;
      queued.push_back({{i, after, tensor, false, 0, Bytes(1 + random.below(2000)),
                         Cycles(random.chance(4) ? random.below(300) : 0)},
                        after,
                        false});
    };
    load(memory::Traffic::weights);
    load(memory::Traffic::metadata);
    load(memory::Traffic::input_activations);
    load(memory::Traffic::partial_sums);
    if (!random.chance(3))
      queued.push_back({{i, i + 1, memory::Traffic::output_activations, true, 0,
                         Bytes(1 + random.below(2000)), Cycles(random.chance(4) ? random.below(300) : 0)},
                        i + 1});
  }
  list.transfers = memory::order_transfers(std::move(queued));
  std::vector<std::uint32_t> store_items;
  for (const auto& t : list.transfers) {
    if (t.is_write) store_items.push_back(t.item);
  }
  for (std::uint32_t i = 0; i < items; ++i) {
    // A third of the work reuses the room of all stores of work at least two items back.
    if (!random.chance(3)) continue;
    while (list.items[i].stores_before < store_items.size() &&
           store_items[list.items[i].stores_before] + 2 <= i) {
      ++list.items[i].stores_before;
    }
  }
  return list;
}

inline memory::MemoryConfig random_memory(std::uint64_t seed) {
  Random random(seed, "memory");
  memory::MemoryConfig memory;
  memory.is_compute_only = false;
  memory.off_chip = memory::OffChipKind::ideal;
  memory.ideal.bandwidth_mb_per_s = random.chance(5) ? 0 : 100 + random.below(30000);
  memory.ideal.latency_ns = random.below(200);
  const auto sram = [&] {
    return memory::SramTiming{random.chance(3) ? 0 : 1 + random.below(64), Cycles(random.below(4)),
                              Cycles(random.below(4))};
  };
  memory.activation_timing = sram();
  memory.weight_timing = sram();
  memory.input_timing = sram();
  memory.output_timing = sram();
  const auto buffer = [&]() -> memory::OnChipMemory {
    return {random.chance(4) ? memory::kUnlimited : Bytes(64 + random.below(random.chance(2) ? 400 : 4000)),
            !random.chance(3)};
  };
  memory.input_buffer = buffer();
  memory.output_buffer = buffer();
  const auto stage = [&] {
    return memory::StageTiming{random.chance(3) ? 0 : 1 + random.below(64), Cycles(random.below(4))};
  };
  memory.dispatcher = stage();
  memory.reducer = stage();
  return memory;
}

}  // namespace heddle::test
