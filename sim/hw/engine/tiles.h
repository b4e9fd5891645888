// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include <systemc>

#include "sim/hw/clock.h"
#include "sim/hw/engine/buffers.h"
#include "sim/hw/engine/dma.h"
#include "sim/hw/engine/layer_end.h"
#include "sim/hw/engine/on_chip.h"
#include "sim/hw/process.h"
#include "sim/memory/work_list.h"
#include "sim/result/counters.h"

namespace heddle::hw {

// Work whose outputs will be in the activation memory at `at`.
struct Reduced {
  std::uint32_t item = 0;
  sc_core::sc_time at;
  friend std::ostream& operator<<(std::ostream& out, const Reduced& r) { return out << r.item; }
};

// How many loads each item waits for, by cause.
using LoadCounts = std::vector<std::array<std::uint32_t, memory::kCauses>>;
LoadCounts count_loads(const memory::WorkList& list);

// Dispatcher and transposer: takes activations from their memory to the input buffer, item by item, and says
// from when they can reach the tiles.
class Dispatcher final : public sc_core::sc_module {
 public:
  Dispatcher(const sc_core::sc_module_name& name, const memory::WorkList& list, const LoadCounts& loads,
             const Clock& clock, Failure& failure, Cycles latency, AccessesByLayer& accesses);
  sc_core::sc_port<StreamInterface> memory{"memory"};
  sc_core::sc_port<InputBufferInterface> buffer{"buffer"};
  sc_core::sc_fifo_in<sc_core::sc_time> arrived{"arrived"};
  sc_core::sc_port<sc_core::sc_semaphore_if> reduced{"reduced"};
  sc_core::sc_fifo_out<sc_core::sc_time> ready{"ready"};

 private:
  void run();
  const memory::WorkList& list_;
  const LoadCounts& loads_;
  Clock clock_;
  Failure& failure_;
  Cycles latency_;  // from the activation memory to the tiles
  AccessesByLayer& accesses_;
  std::uint32_t reduced_seen_ = 0;
};

struct LayerTime {
  Cycles cycles;
  Cycles compute;
  result::StallCycles stalls;
};

// When the array computed an item, in SystemC ticks.
struct Computed {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// The array. It waits for room, weights, partial sums and activations, in that order, and then computes for
// the priced cycles, or longer where a memory or buffer cannot keep pace. It charges every cycle to its
// layer, as computing or as a stall by cause. A cycle in which several things are missing is charged to the
// first of them.
class Tiles final : public sc_core::sc_module {
 public:
  Tiles(const sc_core::sc_module_name& name, const memory::WorkList& list, const LoadCounts& loads,
        const Clock& clock, Failure& failure, Cycles input_latency, AccessesByLayer& accesses);
  sc_core::sc_port<StreamInterface> weights{"weights"};
  sc_core::sc_port<InputBufferInterface> inputs{"inputs"};
  sc_core::sc_port<OutputBufferInterface> outputs{"outputs"};
  sc_core::sc_fifo_in<sc_core::sc_time> weights_arrived{"weights_arrived"};
  sc_core::sc_fifo_in<sc_core::sc_time> partial_sums_arrived{"partial_sums_arrived"};
  sc_core::sc_fifo_in<sc_core::sc_time> stored{"stored"};
  sc_core::sc_fifo_in<sc_core::sc_time> dispatched{"dispatched"};
  sc_core::sc_fifo_out<Reduced> results{"results"};
  sc_core::sc_port<sc_core::sc_semaphore_if> computed{"computed"};
  sc_core::sc_port<LayerEndInterface> layer_end{"layer_end"};

  [[nodiscard]] bool finished() const { return done_ == list_.items.size(); }
  [[nodiscard]] const std::vector<LayerTime>& times() const { return times_; }
  [[nodiscard]] const std::vector<Computed>& items() const { return items_; }
  void trace(sc_core::sc_trace_file* file) const override;

 private:
  void run();
  void wait_for_operands(const memory::Work& work);
  void compute(const memory::Work& work);
  void wait_until(const sc_core::sc_time& instant);
  // Runs `wait_for` and adds the time it took to `counter`.
  template <class Wait>
  void charge(Cycles& counter, Wait wait_for);
  [[nodiscard]] sc_core::sc_time last_arrival(sc_core::sc_fifo_in<sc_core::sc_time>& fifo,
                                              std::uint32_t count, Cycles latency);

  const memory::WorkList& list_;
  const LoadCounts& loads_;
  Clock clock_;
  Failure& failure_;
  Cycles input_latency_;
  AccessesByLayer& accesses_;
  std::vector<LayerTime> times_;
  std::vector<Computed> items_;
  std::uint32_t done_ = 0;
  std::uint32_t stores_seen_ = 0;
};

// Output reducer: takes finished outputs from their buffer to the activation memory while the array computes.
class OutputReducer final : public sc_core::sc_module {
 public:
  OutputReducer(const sc_core::sc_module_name& name, const memory::WorkList& list, Failure& failure,
                AccessesByLayer& accesses);
  sc_core::sc_fifo_in<Reduced> results{"results"};
  sc_core::sc_port<OutputBufferInterface> buffer{"buffer"};
  sc_core::sc_port<StreamInterface> memory{"memory"};
  // One semaphore for the DMA, one for the dispatcher.
  sc_core::sc_port<sc_core::sc_semaphore_if, 2> reduced{"reduced"};

 private:
  void run();
  const memory::WorkList& list_;
  Failure& failure_;
  AccessesByLayer& accesses_;
};

}  // namespace heddle::hw
