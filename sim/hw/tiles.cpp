// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/tiles.h"

#include <algorithm>

namespace heddle::hw {

using sc_core::sc_time;

LoadCounts count_loads(const arch::WorkList& list) {
  LoadCounts out(list.items.size());
  for (const auto& transfer : list.transfers) {
    if (!transfer.is_write) ++out[transfer.item][static_cast<std::size_t>(arch::cause_of(transfer.tensor))];
  }
  return out;
}

Dispatcher::Dispatcher(const sc_core::sc_module_name& name, const arch::WorkList& list,
                       const LoadCounts& loads, const Clock& clock, Failure& failure)
    : sc_module(name), list_(list), loads_(loads), clock_(clock), failure_(failure) {
  SC_HAS_PROCESS(Dispatcher);
  SC_THREAD(run);
}

void Dispatcher::run() {
  failure_.guard([this] {
    for (std::size_t i = 0; i < list_.items.size(); ++i) {
      Dispatched item;
      const std::uint32_t count = loads_[i][static_cast<std::size_t>(arch::Cause::activations)];
      for (std::uint32_t n = 0; n < count; ++n) {
        sc_time at;
        arrived->read(at);
        item.at = std::max(item.at, at);
      }
      // What lay in the memory before was read ahead; what has just arrived shows the memory's latency.
      if (count > 0) item.at += clock_.span(memory->timing().read_latency);
      item.stream = memory->read(list_.items[i].activation_read);
      ready->write(item);
    }
  });
}

Tiles::Tiles(const sc_core::sc_module_name& name, const arch::WorkList& list, const LoadCounts& loads,
             const Clock& clock, Failure& failure)
    : sc_module(name), list_(list), loads_(loads), clock_(clock), failure_(failure), times_(list.layers) {
  SC_HAS_PROCESS(Tiles);
  SC_THREAD(run);
}

void Tiles::run() {
  failure_.guard([this] {
    for (const auto& work : list_.items) {
      compute(work);
      computed->post();
      results->write(done_++);
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
  return count > 0 ? last + clock_.span(latency) : last;
}

void Tiles::compute(const arch::Work& work) {
  LayerTime& time = times_[work.layer];
  const auto& loads = loads_[done_];
  charge(time.stalls.outputs, [&] {
    output_room->wait();
    for (; stores_seen_ < work.stores_before; ++stores_seen_) wait_until(last_arrival(stored, 1, Cycles(0)));
  });
  charge(time.stalls.weights, [&] {
    const auto count = loads[static_cast<std::size_t>(arch::Cause::weights)];
    wait_until(last_arrival(weights_arrived, count, weights->timing().read_latency));
  });
  charge(time.stalls.partial_sums, [&] {
    wait_until(last_arrival(partial_sums_arrived, loads[static_cast<std::size_t>(arch::Cause::partial_sums)],
                            Cycles(0)));
  });
  Dispatched activations;
  charge(time.stalls.activations, [&] {
    dispatched->read(activations);
    wait_until(activations.at);
  });
  const std::uint64_t begin = sc_core::sc_time_stamp().value();
  charge(time.compute, [&] { wait_until(sc_core::sc_time_stamp() + clock_.span(work.compute)); });
  items_.push_back({begin, sc_core::sc_time_stamp().value()});
  // A memory that cannot feed the array as fast as it computes holds it back for the difference.
  const Cycles weight_stream = weights->read(work.weight_read);
  const Cycles slowest = std::max({work.compute, weight_stream, activations.stream});
  Cycles& cause = weight_stream > activations.stream ? time.stalls.weights : time.stalls.activations;
  charge(cause, [&] { wait_until(sc_core::sc_time_stamp() + clock_.span(slowest - work.compute)); });
}

void Tiles::trace(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, done_, std::string(name()) + ".done");
}

OutputReducer::OutputReducer(const sc_core::sc_module_name& name, const arch::WorkList& list,
                             const Clock& clock, Failure& failure)
    : sc_module(name), list_(list), clock_(clock), failure_(failure) {
  SC_HAS_PROCESS(OutputReducer);
  SC_THREAD(run);
}

void OutputReducer::run() {
  failure_.guard([this] {
    for (std::size_t i = 0; i < list_.items.size(); ++i) {
      std::uint32_t item = 0;
      results->read(item);
      const Bytes bytes = list_.items[item].output_written;
      const Cycles busy =
          memory->write(bytes) + (bytes > Bytes(0) ? memory->timing().write_latency : Cycles(0));
      if (busy > Cycles(0)) wait(clock_.span(busy));
      output_room->post();
      reduced->post();
    }
  });
}

}  // namespace heddle::hw
