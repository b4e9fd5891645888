// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/dma.h"

#include <algorithm>

namespace heddle::hw {
namespace {

// Bytes. A payload states its length in 32 bits, so longer transfers go in parts.
constexpr std::uint64_t kLongestPart = std::uint64_t{1} << 30U;

Bytes& bytes_of(result::TrafficBytes& bytes, memory::Traffic traffic) {
  switch (traffic) {
    case memory::Traffic::weights:
      return bytes.weights;
    case memory::Traffic::metadata:
      return bytes.metadata;
    case memory::Traffic::input_activations:
      return bytes.input_activations;
    case memory::Traffic::partial_sums:
      return bytes.partial_sums;
    case memory::Traffic::output_activations:
      break;
  }
  return bytes.output_activations;
}

}  // namespace

Dma::Dma(const sc_core::sc_module_name& name, const memory::WorkList& list, const Clock& clock,
         Failure& failure, std::uint32_t in_flight, const OffChipMemory& memory,
         const memory::SramTiming& activation_memory, const memory::SramTiming& weight_memory,
         AccessesByLayer& accesses)
    : sc_module(name),
      list_(list),
      clock_(clock),
      failure_(failure),
      memory_(memory),
      activation_memory_(activation_memory),
      weight_memory_(weight_memory),
      may_start_("may_start", in_flight,
                 [](const char* n, std::size_t i) { return new sc_core::sc_semaphore(n, i == 0 ? 1 : 0); }),
      may_end_("may_end", in_flight,
               [](const char* n, std::size_t i) { return new sc_core::sc_semaphore(n, i == 0 ? 1 : 0); }),
      accesses_(accesses),
      moved_(list.layers) {
  for (std::uint32_t worker = 0; worker < in_flight; ++worker) {
    sc_core::sc_spawn([this, worker] { failure_.guard([this, worker] { run(worker); }); },
                      sc_core::sc_gen_unique_name("worker"));
  }
}

void Dma::run(std::uint32_t worker) {
  const std::uint32_t next_worker = (worker + 1) % static_cast<std::uint32_t>(may_start_.size());
  while (true) {
    may_start_[worker].wait();
    if (next_ == list_.transfers.size()) {
      may_start_[next_worker].post();
      return;
    }
    const memory::Transfer& transfer = list_.transfers[next_++];
    wait_for_work(transfer);
    // The next worker wakes in a later delta cycle, when this transfer has reached the memory.
    may_start_[next_worker].post();
    Span span = move(transfer);
    may_end_[worker].wait();
    span.end = complete_at(transfer, span).value();
    spans_.push_back(span);
    const auto cause = transfer.is_write ? memory::Cause::outputs : memory::cause_of(transfer.traffic);
    complete[static_cast<std::size_t>(cause)]->write(sc_core::sc_time::from_value(span.end));
    ++done_;
    if (on_complete_) on_complete_(list_.items[transfer.item].layer);
    may_end_[next_worker].post();
  }
}

void Dma::wait_for_work(const memory::Transfer& transfer) {
  auto& seen = transfer.is_write ? items_reduced_ : items_computed_;
  auto& ended = transfer.is_write ? reduced : computed;
  for (; seen < transfer.after; ++seen) ended->wait();
}

void Dma::count(const memory::Transfer& transfer, std::uint32_t layer, Bytes bytes) {
  bytes_of(moved_[layer], transfer.traffic) += bytes;
  result::MemoryAccesses& accesses = accesses_[layer];
  if (memory::cause_of(transfer.traffic) == memory::Cause::weights)
    accesses.weight_memory.dma_written += bytes;
  else if (transfer.is_write)
    accesses.activation_memory.dma_read += bytes;
  else
    accesses.activation_memory.dma_written += bytes;
}

// The span ends when the last byte has crossed the interface; the way through the decoder follows.
Span Dma::move(const memory::Transfer& transfer) {
  const sc_core::sc_time handed_over = sc_core::sc_time_stamp();
  const std::uint64_t granule = memory_.granule_bytes();
  const std::uint64_t first = transfer.address / granule * granule;
  const std::uint64_t end = ceil_div(transfer.address + transfer.bytes.count(), granule) * granule;
  LayerExtension layer(list_.items[transfer.item].layer);
  count(transfer, layer.layer, Bytes(end - first));
  Span span{.address = first,
            .bytes = Bytes(end - first),
            .is_write = transfer.is_write,
            .traffic = transfer.traffic,
            .item = transfer.item,
            .handed_over = handed_over.value()};
  sc_core::sc_time delay;
  for (std::uint64_t at = first; at < end;) {
    const std::uint64_t part = std::min(kLongestPart, end - at);
    tlm::tlm_generic_payload payload;
    payload.set_command(transfer.is_write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(at);
    payload.set_data_length(static_cast<unsigned>(part));
    payload.set_streaming_width(static_cast<unsigned>(part));
    payload.set_extension(&layer);
    delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    HEDDLE_CHECK(payload.is_response_ok(), "the off-chip memory refused a transfer");
    if (at == first) span.begin = memory_.begun(handed_over).value();
    at += part;
  }
  span.end = (sc_core::sc_time_stamp() + delay).value();
  return span;
}

sc_core::sc_time TransferStage::pass(const sc_core::sc_time& handed_over, const sc_core::sc_time& arrived,
                                     const sc_core::sc_time& busy) {
  return free_ = std::max(arrived, later(std::max(free_, handed_over), busy));
}

// Transfers complete in the order of the list, on edges of the accelerator's clock: one that has overtaken
// its predecessor completes together with it. Codec and on-chip port work on a transfer while the bus carries
// it.
sc_core::sc_time Dma::complete_at(const memory::Transfer& transfer, const Span& span) {
  const sc_core::sc_time handed = clock_.edge(sc_core::sc_time::from_value(span.handed_over));
  sc_core::sc_time at =
      clock_.edge(std::max(sc_core::sc_time::from_value(span.end), sc_core::sc_time_stamp()));
  if (transfer.codec > Cycles(0))
    at = (transfer.is_write ? encoder_ : decoder_).pass(handed, at, clock_.span(transfer.codec));
  const bool is_weight = memory::cause_of(transfer.traffic) == memory::Cause::weights;
  const memory::SramTiming& memory = is_weight ? weight_memory_ : activation_memory_;
  TransferStage& port = is_weight           ? weight_writes_
                        : transfer.is_write ? activation_reads_
                                            : activation_writes_;
  at = port.pass(handed, at, clock_.span(memory.busy(transfer.bytes)));
  return clock_.after(at, transfer.is_write ? memory.read_latency : memory.write_latency);
}

}  // namespace heddle::hw
