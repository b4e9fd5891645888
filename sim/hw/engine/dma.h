// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include "sim/hw/clock.h"
#include "sim/hw/engine/off_chip.h"
#include "sim/hw/engine/on_chip.h"
#include "sim/hw/process.h"
#include "sim/memory/work_list.h"
#include "sim/result/counters.h"

namespace heddle::hw {

// The sender writes an instant before it is reached, and the reader waits until then. So a transfer costs one
// wake.
using InstantFifo = sc_core::sc_fifo<sc_core::sc_time>;

// What each layer moved through the on-chip memories and buffers. The module that moves bytes for a layer
// adds them here; the memories themselves count all bytes, of whatever layer.
using AccessesByLayer = std::vector<result::MemoryAccesses>;

// What a transfer moved, and when, in SystemC ticks.
struct Span {
  std::uint64_t address = 0;
  Bytes bytes;
  bool is_write = false;
  memory::Traffic traffic = memory::Traffic::weights;
  std::uint32_t item = 0;  // the work that needs it (load) or makes it (store)
  std::uint64_t handed_over = 0;
  std::uint64_t begin = 0;  // when the memory starts it
  std::uint64_t end = 0;    // when its last byte has crossed the interface
};

// A stage that transfers pass one after another on their way between the memories.
class TransferStage {
 public:
  // When a transfer has passed the stage, which works on it for `busy` after it was handed over. `arrived` is
  // when the transfer would be complete without the stage: the stage keeps pace or is the bottleneck.
  sc_core::sc_time pass(const sc_core::sc_time& handed_over, const sc_core::sc_time& arrived,
                        const sc_core::sc_time& busy);

 private:
  sc_core::sc_time free_;
};

// Takes the transfers of the work list one after another: waits for the work that a transfer depends on,
// hands the transfer to the memory and says when it is complete. Transfers enter and leave the memory in the
// order of the list. While a memory that answers late (DRAM) works on one transfer, the DMA hands over the
// next ones, up to `in_flight` in all.
class Dma final : public sc_core::sc_module {
 public:
  Dma(const sc_core::sc_module_name& name, const memory::WorkList& list, const Clock& clock, Failure& failure,
      std::uint32_t in_flight, const OffChipMemory& memory, const memory::SramTiming& activation_memory,
      const memory::SramTiming& weight_memory, AccessesByLayer& accesses);

  tlm_utils::simple_initiator_socket<Dma> socket{"socket"};
  sc_core::sc_port<sc_core::sc_semaphore_if> computed{"computed"};
  sc_core::sc_port<sc_core::sc_semaphore_if> reduced{"reduced"};
  // When each transfer is complete, by cause; stores under `outputs`.
  sc_core::sc_vector<sc_core::sc_fifo_out<sc_core::sc_time>> complete{"complete", memory::kCauses};

  // Called after each transfer of the list with the layer that it served.
  void on_complete(std::function<void(std::uint32_t layer)> call) { on_complete_ = std::move(call); }
  [[nodiscard]] bool finished() const { return done_ == list_.transfers.size(); }
  [[nodiscard]] const std::vector<result::TrafficBytes>& moved_by_layer() const { return moved_; }
  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }

 private:
  void run(std::uint32_t worker);
  void wait_for_work(const memory::Transfer& transfer);
  Span move(const memory::Transfer& transfer);
  void count(const memory::Transfer& transfer, std::uint32_t layer, Bytes bytes);
  sc_core::sc_time complete_at(const memory::Transfer& transfer, const Span& span);

  const memory::WorkList& list_;
  Clock clock_;
  Failure& failure_;
  const OffChipMemory& memory_;
  memory::SramTiming activation_memory_;
  memory::SramTiming weight_memory_;
  // Workers take turns: worker n mod in_flight starts and ends transfer n.
  sc_core::sc_vector<sc_core::sc_semaphore> may_start_;
  sc_core::sc_vector<sc_core::sc_semaphore> may_end_;
  std::uint32_t items_computed_ = 0;
  std::uint32_t items_reduced_ = 0;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  TransferStage decoder_;
  TransferStage encoder_;
  TransferStage activation_reads_;
  TransferStage activation_writes_;
  TransferStage weight_writes_;
  AccessesByLayer& accesses_;
  std::vector<result::TrafficBytes> moved_;
  std::vector<Span> spans_;
  std::function<void(std::uint32_t layer)> on_complete_;
};

}  // namespace heddle::hw
