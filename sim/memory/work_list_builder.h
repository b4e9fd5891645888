// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "sim/memory/estimate.h"
#include "sim/memory/off_chip_layout.h"
#include "sim/memory/pieces.h"
#include "sim/memory/timing.h"
#include "sim/memory/transfer_queue.h"
#include "sim/memory/weight_memory.h"
#include "sim/memory/work_list.h"

namespace heddle::memory {

// Compressed groups of a layer that pass the decoder or the encoder; 0 where a tensor is not compressed.
struct CodecGroups {
  std::uint64_t input = 0;
  std::uint64_t weights = 0;
  std::uint64_t extra = 0;
  std::uint64_t output = 0;
};

// One layer of one sample, planned and priced.
struct PlannedLayer {
  const LayerShape& shape;
  const Blocking& blocking;
  LayerSizes sizes;                   // of this sample
  std::span<const arch::Cost> costs;  // as blocks_of()
  Bytes output_written;               // from the tiles to the activation memory
  LayerAddresses addresses;
  bool weights_are_run_time = false;  // made by an earlier layer
  bool input_is_made = false;         // by an earlier layer; otherwise it is the network's own input
  CodecGroups groups = {};
};

// Builds the work list of one accelerator, layer by layer. Weights are loaded as early as the weight memory
// has room and the bus has time, also before their layer starts. Inputs are loaded one block ahead, from the
// end of the layer before. Outputs are stored while the next piece computes.
class WorkListBuilder {
 public:
  WorkListBuilder(const OnChipMemory& activation_memory, const OnChipMemory& weight_memory, bool has_off_chip,
                  const CodecRates& codec)
      : activation_memory_(activation_memory), weights_(weight_memory), queue_(has_off_chip), codec_(codec) {}

  void add(const PlannedLayer& layer);
  // The next sample starts when all outputs are off chip; nothing of it is loaded earlier.
  // Weights stay on chip for it where `weights_stay`.
  void end_sample(bool weights_stay);
  WorkList finish();

 private:
  // What passes through the activation memory and has not left it.
  struct Passing {
    std::uint32_t number = 0;  // of the item that reads it, or of the store that takes it away
    Bytes room;
  };

  [[nodiscard]] std::uint32_t next_item() const { return static_cast<std::uint32_t>(list_.items.size()); }
  [[nodiscard]] Work work_of(const PlannedLayer& layer, const Piece& piece,
                             const std::vector<std::vector<std::uint64_t>>& pass_starts) const;
  void load_weights(const PlannedLayer& layer, const Piece& piece, std::uint32_t last_item);
  [[nodiscard]] std::uint32_t input_after(const Piece& piece, const std::vector<std::uint32_t>& users) const;
  void load_input(const PlannedLayer& layer, const Piece& piece, std::uint32_t after);
  void add_item(const PlannedLayer& layer, const Piece& piece, Work work);
  void load_streamed(const PlannedLayer& layer, const Piece& piece, Work& work);
  void store_streamed(const PlannedLayer& layer, const Piece& piece, Work& work);
  // How many items must be computed before `room` bytes that pass through to the next item may be loaded.
  [[nodiscard]] std::uint32_t streamed_after(Bytes room);
  // How many stores must be complete before the next item has `room` bytes for what it leaves.
  [[nodiscard]] std::uint32_t stores_before(Bytes room);

  OnChipMemory activation_memory_;
  WeightMemory weights_;
  TransferQueue queue_;
  CodecRates codec_;
  WorkList list_;
  bool weights_are_on_chip_ = false;  // from the sample before
  std::uint32_t sample_start_ = 0;    // first item of the sample
  std::uint32_t layer_start_ = 0;     // first item of the layer
  StreamedRoom streamed_;             // of the layer
  std::deque<Passing> incoming_;      // of the layer
  Bytes incoming_room_;
  std::uint32_t incoming_after_ = 0;
  std::uint64_t kept_loaded_ = 0;  // line groups of the layer's input that stays
  std::deque<Passing> outgoing_;   // of all layers: outputs may leave while the next layer runs
  Bytes outgoing_room_;
  std::uint32_t stores_waited_for_ = 0;
  // Of the layer: the item that spilled the sums of a pass from this window set on.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> spilled_by_;
};

}  // namespace heddle::memory
