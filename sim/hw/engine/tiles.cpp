// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/tiles.h"

#include <algorithm>

namespace heddle::hw {

using sc_core::sc_time;

LoadCounts count_loads(const memory::WorkList& list) {
  LoadCounts out(list.items.size());
  for (const auto& transfer : list.transfers) {
    if (!transfer.is_write)
      ++out[transfer.item][static_cast<std::size_t>(memory::cause_of(transfer.traffic))];
  }
  return out;
}

Dispatcher::Dispatcher(const sc_core::sc_module_name& name, const memory::WorkList& list,
                       const LoadCounts& loads, const Clock& clock, Failure& failure, Cycles latency,
                       AccessesByLayer& accesses)
    : sc_module(name),
      list_(list),
      loads_(loads),
      clock_(clock),
      failure_(failure),
      latency_(latency),
      accesses_(accesses) {
  SC_HAS_PROCESS(Dispatcher);
  SC_THREAD(run);
}

void Dispatcher::run() {
  failure_.guard([this] {
    for (std::size_t i = 0; i < list_.items.size(); ++i) {
      const memory::Work& work = list_.items[i];
      sc_time from;
      const std::uint32_t count = loads_[i][static_cast<std::size_t>(memory::Cause::activations)];
      for (std::uint32_t n = 0; n < count; ++n) {
        sc_time at;
        arrived->read(at);
        from = std::max(from, at);
      }
      if (reduced_seen_ < work.reduced_before) {
        for (; reduced_seen_ < work.reduced_before; ++reduced_seen_) reduced->wait();
        from = std::max(from, sc_time(sc_core::sc_time_stamp()));
      }
      // Data that arrived earlier have been read ahead. The latency is visible only for data that have just
      // arrived.
      if (from > sc_core::SC_ZERO_TIME) from = clock_.after(from, latency_);
      memory->read(work.activation_read);
      buffer->write(work.activation_read);
      result::MemoryAccesses& accesses = accesses_[work.layer];
      accesses.activation_memory.array_read += work.activation_read;
      accesses.input_buffer.written += work.activation_read;
      accesses.partial_sums.read += work.sums_read;
      ready->write(from);
    }
  });
}

Tiles::Tiles(const sc_core::sc_module_name& name, const memory::WorkList& list, const LoadCounts& loads,
             const Clock& clock, Failure& failure, Cycles input_latency, AccessesByLayer& accesses)
    : sc_module(name),
      list_(list),
      loads_(loads),
      clock_(clock),
      failure_(failure),
      input_latency_(input_latency),
      accesses_(accesses),
      times_(list.layers) {
  SC_HAS_PROCESS(Tiles);
  SC_THREAD(run);
}

void Tiles::run() {
  failure_.guard([this] {
    for (const auto& work : list_.items) {
      if (done_ > 0 && work.layer != list_.items[done_ - 1].layer)
        layer_end->layer_ended(list_.items[done_ - 1].layer);
      compute(work);
      computed->post();
      results->write({done_++, outputs->drained()});
    }
  });
}

template <class Wait>
void Tiles::charge(Cycles& counter, Wait wait_for) {
  const sc_time from = sc_core::sc_time_stamp();  // a copy: the function returns the live clock
  wait_for();
  const Cycles spent = clock_.elapsed(from, sc_core::sc_time_stamp());
  counter += spent;
  times_[list_.items[done_].layer].cycles += spent;
}

void Tiles::wait_until(const sc_time& instant) {
  const sc_time now = sc_core::sc_time_stamp();
  if (instant > now) wait(instant - now);
}

sc_time Tiles::last_arrival(sc_core::sc_fifo_in<sc_time>& fifo, std::uint32_t count, Cycles latency) {
  sc_time last;
  for (std::uint32_t n = 0; n < count; ++n) {
    sc_time at;
    fifo->read(at);
    last = std::max(last, at);
  }
  return count > 0 ? clock_.after(last, latency) : last;
}

void Tiles::wait_for_operands(const memory::Work& work) {
  result::StallCycles& stalls = times_[work.layer].stalls;
  const auto count = [&](memory::Cause cause) { return loads_[done_][static_cast<std::size_t>(cause)]; };
  charge(stalls.outputs, [&] {
    for (; stores_seen_ < work.stores_before; ++stores_seen_) wait_until(last_arrival(stored, 1, Cycles(0)));
  });
  charge(stalls.weights, [&] {
    wait_until(last_arrival(weights_arrived, count(memory::Cause::weights), weights->timing().read_latency));
  });
  charge(stalls.partial_sums, [&] {
    wait_until(last_arrival(partial_sums_arrived, count(memory::Cause::partial_sums), input_latency_));
  });
}

void Tiles::compute(const memory::Work& work) {
  const sc_time free = sc_core::sc_time_stamp();
  wait_for_operands(work);
  LayerTime& time = times_[work.layer];
  sc_time from;
  charge(time.stalls.activations, [&] {
    dispatched->read(from);
    wait_until(inputs->ready(from, free, work.activation_read));
  });
  const sc_time begin = sc_core::sc_time_stamp();
  // Weights stream in while it computes; a memory or buffer that cannot keep pace holds it back.
  const Cycles weighted = std::max(work.compute, weights->read(work.weight_read));
  const Cycles fed = inputs->read(from, weighted, work.activation_read);
  const Cycles rid = outputs->write(fed, work.output_written, work.output_bursts);
  result::MemoryAccesses& accesses = accesses_[work.layer];
  accesses.weight_memory.array_read += work.weight_read;
  accesses.input_buffer.read += work.activation_read;
  accesses.output_buffer.written += work.output_written;
  charge(time.compute, [&] { wait_until(clock_.after(begin, work.compute)); });
  items_.push_back({begin.value(), sc_core::sc_time_stamp().value()});
  charge(time.stalls.weights, [&] { wait_until(clock_.after(begin, weighted)); });
  charge(time.stalls.activations, [&] { wait_until(clock_.after(begin, fed)); });
  charge(time.stalls.outputs, [&] { wait_until(clock_.after(begin, rid)); });
}

void Tiles::trace(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, done_, std::string(name()) + ".done");
}

OutputReducer::OutputReducer(const sc_core::sc_module_name& name, const memory::WorkList& list,
                             Failure& failure, AccessesByLayer& accesses)
    : sc_module(name), list_(list), failure_(failure), accesses_(accesses) {
  SC_HAS_PROCESS(OutputReducer);
  SC_THREAD(run);
}

void OutputReducer::run() {
  failure_.guard([this] {
    for (std::size_t i = 0; i < list_.items.size(); ++i) {
      Reduced done;
      results->read(done);
      const sc_time now = sc_core::sc_time_stamp();
      if (done.at > now) wait(done.at - now);
      const memory::Work& work = list_.items[done.item];
      buffer->read(work.output_written);
      memory->write(work.output_written);
      result::MemoryAccesses& accesses = accesses_[work.layer];
      accesses.output_buffer.read += work.output_written;
      accesses.activation_memory.array_written += work.output_written;
      accesses.partial_sums.written += work.sums_written;
      for (int to = 0; to < reduced.size(); ++to) reduced[to]->post();
    }
  });
}

}  // namespace heddle::hw
