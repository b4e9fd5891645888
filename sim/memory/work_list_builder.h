// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <span>
#include <vector>

#include "sim/memory/blocking.h"
#include "sim/memory/prefetch.h"
#include "sim/memory/work_list.h"

namespace heddle::memory {

// The parts of a layer whose columns start and end drained, in the order they run: one for a layer that is
// worked through in the unblocked order, one a pair of filter block and window block otherwise.
std::vector<arch::Block> blocks_of(const Blocking& blocking, const LayerShape& shape);

// Where a layer's data lie off chip. Every kind is one run of addresses.
struct LayerAddresses {
  std::uint64_t weights = 0;
  std::uint64_t metadata = 0;
  std::uint64_t input = 0;
  std::uint64_t extra = 0;
  std::uint64_t output = 0;
  std::uint64_t partial_sums = 0;
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
  bool input_is_made = false;         // by an earlier layer, not the network's own input
  // Compressed groups for decoder and encoder; 0: not compressed.
  std::uint64_t input_groups = 0;
  std::uint64_t weight_groups = 0;
  std::uint64_t extra_groups = 0;
  std::uint64_t output_groups = 0;
};

// What is worked on between two looks at the transfers: a stretch of one pass.
struct Piece {
  std::uint32_t block = 0;  // of blocks_of()
  std::uint32_t pass_in_block = 0;
  std::uint32_t pass = 0;
  std::uint32_t first_set = 0;
  std::uint32_t last_set = 0;  // one behind
  std::uint32_t first_brick = 0;
  std::uint32_t last_brick = 0;  // one behind
  // Its part of the pass's compute cycles: [begin, end) of `parts`.
  std::uint64_t begin = 0;
  std::uint64_t end = 1;
  std::uint64_t parts = 1;
  // Pieces of one key share one load; the first of them brings it.
  std::uint64_t weight_key = 0;
  std::uint64_t weight_block = 0;  // weights of one block are in the memory at the same time
  std::uint64_t input_key = 0;
  std::uint64_t first_line = 0;  // lines and groups of the input that its load brings
  std::uint64_t lines = 0;
  std::uint64_t groups = 0;
  bool is_final = true;  // its outputs are complete
  bool loads_sums = false;
  bool stores_sums = false;
};
std::vector<Piece> pieces_of(const Blocking& blocking, const LayerShape& shape);

// A load joins the DMA's queue this many pieces before the one that needs it, later where there is no room
// yet: near enough that what is needed soon does not wait behind what is needed late, far enough to hide the
// memory's latency. Weights join earlier where the bus has time (prefetch.h).
inline constexpr std::uint32_t kQueueAhead = 16;

// Codec throughput in groups of 16 values a cycle.
struct CodecRates {
  std::uint32_t decoder = 1;
  std::uint32_t encoder = 1;
};

// Builds the work list of one accelerator layer by layer. Weights are loaded as far ahead as the weight
// memory has room and the bus has time, over layer boundaries too; a layer's input from the end of the layer
// before it, a block ahead; outputs drain behind the next piece of work.
class WorkListBuilder {
 public:
  WorkListBuilder(const OnChipMemory& activation_memory, const OnChipMemory& weight_memory, bool has_off_chip,
                  const CodecRates& codec)
      : activation_memory_(activation_memory),
        weight_memory_(weight_memory),
        has_off_chip_(has_off_chip),
        codec_(codec) {}

  void add(const PlannedLayer& layer);
  // All outputs are off chip before the next sample begins; nothing is prefetched across.
  void end_sample();
  WorkList finish();

 private:
  void load(const Transfer& transfer, bool reads_back);
  void store(const Transfer& transfer);
  void add_item(const PlannedLayer& layer, const Piece& piece, Work work);
  void load_weights(const PlannedLayer& layer, const Piece& piece, std::uint32_t item,
                    std::uint32_t last_item);
  void load_input(const PlannedLayer& layer, const Piece& piece, std::uint32_t item, std::uint32_t after);
  void move_sums(const PlannedLayer& layer, const Piece& piece, std::uint32_t ahead, Work& work);
  void write_outputs(const PlannedLayer& layer, const Piece& piece, std::uint32_t ahead, Work& work);

  struct InWeightMemory {
    Bytes room;
    std::uint32_t last_item = 0;
    std::uint64_t block = 0;
    std::uint32_t layer = 0;
  };

  OnChipMemory activation_memory_;
  OnChipMemory weight_memory_;
  bool has_off_chip_;
  CodecRates codec_;
  WorkList list_;
  std::vector<Queued> queued_;          // of all samples
  std::vector<Movable> movable_;        // of the sample
  std::size_t sample_queued_ = 0;       // of `queued_`, before the sample
  std::deque<InWeightMemory> weights_;  // oldest first
  Bytes weights_held_;
  std::uint32_t sample_start_ = 0;  // first item of the sample
  std::uint32_t layer_start_ = 0;   // and of the layer
  std::uint32_t weights_after_ = 0;
  std::uint32_t stores_ = 0;
  std::uint32_t stores_before_last_ = 0;  // stores of all items but the last that stored
  struct Last {
    std::uint32_t position = 0;
    bool reads_back = false;
  };
  std::array<Last, kCauses> last_load_{};
};

}  // namespace heddle::memory
