// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include <vector>

#include "sim/arch/work_list.h"
#include "sim/hw/clock.h"
#include "sim/hw/process.h"
#include "sim/result/record.h"

namespace heddle::hw {

// Instants travel ahead of time: whoever reads one waits until then. So a transfer costs one wake.
using InstantFifo = sc_core::sc_fifo<sc_core::sc_time>;

// Takes the transfers of the work list one after another: waits for the work that a transfer depends on,
// hands it to the memory and says when it will have arrived. A transfer is handed over as soon as the one
// before it was, so latencies overlap; the memory's own queue does the rest.
class Dma final : public sc_core::sc_module {
 public:
  Dma(const sc_core::sc_module_name& name, const arch::WorkList& list, const Clock& clock, Failure& failure);

  tlm_utils::simple_initiator_socket<Dma> socket{"socket"};
  sc_core::sc_port<sc_core::sc_semaphore_if> computed{"computed"};
  sc_core::sc_port<sc_core::sc_semaphore_if> reduced{"reduced"};
  // When each transfer is complete, by cause; stores under `outputs`.
  sc_core::sc_vector<sc_core::sc_fifo_out<sc_core::sc_time>> complete{"complete", arch::kCauses};

  [[nodiscard]] bool finished() const { return next_ == list_.transfers.size(); }
  [[nodiscard]] const std::vector<result::TensorBytes>& moved_by_layer() const { return moved_; }

 private:
  void run();
  sc_core::sc_time move(const arch::Transfer& transfer);

  const arch::WorkList& list_;
  Clock clock_;
  Failure& failure_;
  std::size_t next_ = 0;
  sc_core::sc_time decoder_free_;
  tlm::tlm_generic_payload payload_;
  std::vector<result::TensorBytes> moved_;
};

}  // namespace heddle::hw
