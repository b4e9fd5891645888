// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/engine.h"

#include <memory>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/hw/simulation.h"

namespace heddle::hw {
namespace {

using memory::Cause;
using sc_core::sc_fifo;
using sc_core::sc_semaphore;

// A fifo that never makes its writer wait: the writer's own rules decide how far ahead it may be.
int room_for(std::size_t count) {
  return static_cast<int>(count) + 1;
}

class Engine final : public sc_core::sc_module {
 public:
  Engine(const sc_core::sc_module_name& name, const Job& job);
  [[nodiscard]] Timing timing();
  [[nodiscard]] bool finished() const { return tiles_.finished() && dma_.finished(); }
  void rethrow() const { failure_.rethrow(); }
  void on_complete(std::function<void(std::uint32_t layer)> call) { dma_.on_complete(std::move(call)); }

 private:
  void connect();

  const memory::WorkList& list_;
  Clock clock_;
  Failure failure_;
  LoadCounts loads_;
  AccessesByLayer accesses_;
  std::unique_ptr<OffChipMemory> off_chip_;
  Sram activation_memory_;
  Sram weight_memory_;
  InputBuffer input_buffer_;
  OutputBuffer output_buffer_;
  Dma dma_;
  Dispatcher dispatcher_;
  Tiles tiles_;
  OutputReducer reducer_;
  sc_core::sc_vector<InstantFifo> complete_;
  InstantFifo dispatched_{"dispatched"};
  sc_fifo<Reduced> results_;
  sc_semaphore computed_{"computed", 0};
  sc_semaphore reduced_{"reduced", 0};
  sc_semaphore dispatchable_{"dispatchable", 0};
};

Engine::Engine(const sc_core::sc_module_name& name, const Job& job)
    : sc_module(name),
      list_(job.list),
      clock_(Clock::of_frequency(job.frequency_mhz)),
      loads_(count_loads(job.list)),
      accesses_(job.list.layers),
      off_chip_(make_off_chip("off_chip", job.memory)),
      activation_memory_("activation_memory", job.memory.activation_timing),
      weight_memory_("weight_memory", job.memory.weight_timing),
      input_buffer_(
          "input_buffer",
          memory::InputPath(memory::input_path(job.memory), {job.memory.input_timing.bytes_per_cycle}),
          clock_),
      output_buffer_("output_buffer", memory::OutputPath(memory::output_path(job.memory)), clock_),
      dma_("dma", list_, clock_, failure_, job.memory.dma_transfers, *off_chip_, job.memory.activation_timing,
           job.memory.weight_timing, accesses_),
      dispatcher_("dispatcher", list_, loads_, clock_, failure_, memory::input_path(job.memory).latency,
                  accesses_),
      tiles_("tiles", list_, loads_, clock_, failure_, memory::input_path(job.memory).latency, accesses_),
      reducer_("reducer", list_, failure_, accesses_),
      complete_(
          "complete", memory::kCauses,
          [&](const char* n, std::size_t) { return new InstantFifo(n, room_for(list_.transfers.size())); }),
      results_("results", room_for(list_.items.size())) {
  connect();
}

void Engine::connect() {
  off_chip_->connect(dma_.socket);
  dma_.computed(computed_);
  dma_.reduced(reduced_);
  for (std::size_t i = 0; i < memory::kCauses; ++i) dma_.complete[i](complete_[i]);
  dispatcher_.memory(activation_memory_);
  dispatcher_.buffer(input_buffer_);
  dispatcher_.arrived(complete_[static_cast<std::size_t>(Cause::activations)]);
  dispatcher_.reduced(dispatchable_);
  dispatcher_.ready(dispatched_);
  tiles_.weights(weight_memory_);
  tiles_.inputs(input_buffer_);
  tiles_.outputs(output_buffer_);
  tiles_.weights_arrived(complete_[static_cast<std::size_t>(Cause::weights)]);
  tiles_.partial_sums_arrived(complete_[static_cast<std::size_t>(Cause::partial_sums)]);
  tiles_.stored(complete_[static_cast<std::size_t>(Cause::outputs)]);
  tiles_.dispatched(dispatched_);
  tiles_.results(results_);
  tiles_.computed(computed_);
  tiles_.layer_end(*off_chip_);
  reducer_.results(results_);
  reducer_.buffer(output_buffer_);
  reducer_.memory(activation_memory_);
  reducer_.reduced(reduced_);
  reducer_.reduced(dispatchable_);
}

Timing Engine::timing() {
  const auto cycle = clock_.span(Cycles(1)).value();
  return {.layers = tiles_.times(),
          .moved_by_layer = dma_.moved_by_layer(),
          .accesses_by_layer = accesses_,
          .dram_by_layer = off_chip_->dram_by_layer(list_.layers),
          .off_chip_read = off_chip_->read_bytes(),
          .off_chip_written = off_chip_->written_bytes(),
          .activation_memory_read = activation_memory_.read_bytes(),
          .activation_memory_written = activation_memory_.written_bytes(),
          .weight_memory_read = weight_memory_.read_bytes(),
          .input_buffer_read = input_buffer_.read_bytes(),
          .input_buffer_written = input_buffer_.written_bytes(),
          .output_buffer_read = output_buffer_.read_bytes(),
          .output_buffer_written = output_buffer_.written_bytes(),
          .transfers = dma_.spans(),
          .items = tiles_.items(),
          .ticks_per_cycle = cycle,
          .ticks_per_memory_clock = off_chip_->clock_period().value_or(clock_.span(Cycles(1))).value(),
          .granule_bytes = off_chip_->granule_bytes(),
          .dram = off_chip_->dram_counters(),
          .dram_energy = off_chip_->dram_energy()};
}

void check_same(const char* what, Bytes a, Bytes b) {
  HEDDLE_CHECK(a == b, fmt::format("{}: {} bytes and {}", what, a.count(), b.count()));
}

// The off-chip bytes that the DMA counted are those that the memory saw, and what enters a buffer leaves it.
void check_bytes(const Timing& timing) {
  check_same("activation memory to input buffer", timing.activation_memory_read, timing.input_buffer_written);
  check_same("input buffer to tiles", timing.input_buffer_written, timing.input_buffer_read);
  check_same("tiles to output buffer to reducer", timing.output_buffer_written, timing.output_buffer_read);
  check_same("output buffer to activation memory", timing.output_buffer_read,
             timing.activation_memory_written);
  Bytes moved(0);
  for (const auto& layer : timing.moved_by_layer) moved += sum_fields(layer);
  check_same("moved by the DMA, seen by the off-chip memory", moved,
             timing.off_chip_read + timing.off_chip_written);
}

}  // namespace

std::vector<Timing> simulate(std::span<const Job> jobs, const TransferProgress& progress) {
  static bool used = false;
  HEDDLE_CHECK(!used, "SystemC simulates once per process");
  used = true;
  set_time_resolution();
  std::vector<std::unique_ptr<Engine>> engines;
  std::size_t transfers = 0;
  std::size_t complete = 0;
  for (const auto& job : jobs) {
    memory::check_work_list(job.list);
    engines.push_back(std::make_unique<Engine>(fmt::format("engine_{}", engines.size()).c_str(), job));
    transfers += job.list.transfers.size();
    if (progress)
      engines.back()->on_complete([&](std::uint32_t layer) { progress(++complete, transfers, layer); });
  }
  run_until_idle();
  for (const auto& engine : engines) engine->rethrow();
  std::vector<Timing> out;
  for (const auto& engine : engines) {
    HEDDLE_CHECK(engine->finished(),
                 std::string(engine->name()) + ": the simulation stopped before all work was done");
    out.push_back(engine->timing());
    check_bytes(out.back());
  }
  return out;
}

}  // namespace heddle::hw
