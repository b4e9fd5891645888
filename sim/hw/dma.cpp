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

Dma::Dma(const sc_core::sc_module_name& name, const arch::WorkList& list, const Clock& clock, Failure& failure)
    : sc_module(name), list_(list), clock_(clock), failure_(failure), moved_(list.layers) {
  SC_HAS_PROCESS(Dma);
  SC_THREAD(run);
}

void Dma::run() {
  failure_.guard([this] {
    std::uint32_t items_computed = 0;
    std::uint32_t items_reduced = 0;
    for (; next_ < list_.transfers.size(); ++next_) {
      const arch::Transfer& transfer = list_.transfers[next_];
      auto& seen = transfer.is_write ? items_reduced : items_computed;
      auto& ended = transfer.is_write ? reduced : computed;
      for (; seen < transfer.after; ++seen) ended->wait();
      const auto cause = transfer.is_write ? arch::Cause::outputs : arch::cause_of(transfer.tensor);
      complete[static_cast<std::size_t>(cause)]->write(move(transfer));
    }
  });
}

sc_core::sc_time Dma::move(const arch::Transfer& transfer) {
  sc_core::sc_time delay;
  payload_.set_command(transfer.is_write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  for (std::uint64_t done = 0; done < transfer.bytes.count();) {
    const std::uint64_t part = std::min(kLongestPart, transfer.bytes.count() - done);
    payload_.set_address(transfer.address + done);
    payload_.set_data_length(static_cast<unsigned>(part));
    payload_.set_streaming_width(static_cast<unsigned>(part));
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload_, delay);
    HEDDLE_CHECK(payload_.is_response_ok(), "the off-chip memory refused a transfer");
    done += part;
  }
  bytes_of(moved_[list_.items[transfer.item].layer], transfer.tensor) += transfer.bytes;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  sc_core::sc_time arrived = clock_.edge(now + delay);
  if (transfer.decode > Cycles(0)) {
    // The decoder keeps pace with the bus or is its bottleneck; it takes transfers in their order.
    arrived = decoder_free_ = std::max(arrived, clock_.edge(std::max(decoder_free_, now)) + clock_.span(transfer.decode));
  }
  return arrived;
}

}  // namespace heddle::hw
