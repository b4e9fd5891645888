// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/dma.h"

#include <algorithm>

namespace heddle::hw {
namespace {

// What a payload's 32-bit length holds; longer transfers go in parts.
constexpr std::uint64_t kLongestPart = std::uint64_t{1} << 30U;

Bytes& bytes_of(result::TensorBytes& bytes, arch::Tensor tensor) {
  switch (tensor) {
    case arch::Tensor::weights:
      return bytes.weights;
    case arch::Tensor::metadata:
      return bytes.metadata;
    case arch::Tensor::input_activations:
      return bytes.input_activations;
    case arch::Tensor::partial_sums:
      return bytes.partial_sums;
    case arch::Tensor::output_activations:
      break;
  }
  return bytes.output_activations;
}

}  // namespace

Dma::Dma(const sc_core::sc_module_name& name, const arch::WorkList& list, const Clock& clock,
         Failure& failure, std::uint32_t in_flight, std::uint64_t granule_bytes)
    : sc_module(name),
      list_(list),
      clock_(clock),
      failure_(failure),
      granule_bytes_(granule_bytes),
      may_start_("may_start", in_flight,
                 [](const char* n, std::size_t i) { return new sc_core::sc_semaphore(n, i == 0 ? 1 : 0); }),
      may_end_("may_end", in_flight,
               [](const char* n, std::size_t i) { return new sc_core::sc_semaphore(n, i == 0 ? 1 : 0); }),
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
    const arch::Transfer& transfer = list_.transfers[next_++];
    wait_for_work(transfer);
    // The next worker wakes in a later delta cycle, when this transfer has reached the memory.
    may_start_[next_worker].post();
    const sc_core::sc_time complete_at = move(transfer);
    may_end_[worker].wait();
    const auto cause = transfer.is_write ? arch::Cause::outputs : arch::cause_of(transfer.tensor);
    complete[static_cast<std::size_t>(cause)]->write(complete_at);
    ++done_;
    may_end_[next_worker].post();
  }
}

void Dma::wait_for_work(const arch::Transfer& transfer) {
  auto& seen = transfer.is_write ? items_reduced_ : items_computed_;
  auto& ended = transfer.is_write ? reduced : computed;
  for (; seen < transfer.after; ++seen) ended->wait();
}

sc_core::sc_time Dma::move(const arch::Transfer& transfer) {
  const sc_core::sc_time handed_over = sc_core::sc_time_stamp();
  const std::uint64_t first = transfer.address / granule_bytes_ * granule_bytes_;
  const std::uint64_t end =
      ceil_div(transfer.address + transfer.bytes.count(), granule_bytes_) * granule_bytes_;
  bytes_of(moved_[list_.items[transfer.item].layer], transfer.tensor) += Bytes(end - first);
  sc_core::sc_time delay;
  for (std::uint64_t at = first; at < end;) {
    const std::uint64_t part = std::min(kLongestPart, end - at);
    tlm::tlm_generic_payload payload;
    payload.set_command(transfer.is_write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(at);
    payload.set_data_length(static_cast<unsigned>(part));
    payload.set_streaming_width(static_cast<unsigned>(part));
    delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    HEDDLE_CHECK(payload.is_response_ok(), "the off-chip memory refused a transfer");
    at += part;
  }
  sc_core::sc_time arrived = clock_.edge(sc_core::sc_time_stamp() + delay);
  if (transfer.decode > Cycles(0)) {
    // The decoder keeps pace with the bus or is its bottleneck; it takes transfers in their order.
    decoder_free_ =
        std::max(arrived, clock_.edge(std::max(decoder_free_, handed_over)) + clock_.span(transfer.decode));
    arrived = decoder_free_;
  }
  spans_.push_back({first, Bytes(end - first), transfer.is_write, handed_over.value(), arrived.value()});
  return arrived;
}

}  // namespace heddle::hw
