// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/base/quantity.h"

namespace heddle::memory {

// What a transfer over the off-chip interface carries.
enum class Traffic : std::uint8_t { weights, metadata, input_activations, partial_sums, output_activations };

// What the array waits for when it stalls.
enum class Cause : std::uint8_t { weights, activations, partial_sums, outputs };
inline constexpr std::size_t kCauses = 4;

// The cause of a stall that ends when such a transfer arrives.
constexpr Cause cause_of(Traffic traffic) {
  switch (traffic) {
    case Traffic::weights:
    case Traffic::metadata:
      return Cause::weights;
    case Traffic::input_activations:
      return Cause::activations;
    case Traffic::partial_sums:
      return Cause::partial_sums;
    case Traffic::output_activations:
      break;
  }
  return Cause::outputs;
}

// One descriptor of the DMA's list. The DMA takes descriptors one after another in the order of the list, as
// a descriptor ring does. Because that order is fixed, faster memory can never make a run slower.
struct Transfer {
  std::uint32_t item = 0;  // the work that needs it (load) or makes it (store)
  // A load may start when this many items are computed, a store when the outputs of this many are in the
  // activation memory.
  std::uint32_t after = 0;
  Traffic traffic = Traffic::weights;
  bool is_write = false;
  std::uint64_t address = 0;
  Bytes bytes;
  Cycles codec;  // of the decoder (load) or the encoder (store); 0 where nothing is compressed
};

// A stretch of computing that needs nothing new once it has started. It starts when its loads have arrived
// and there is room for its outputs.
struct Work {
  std::uint32_t layer = 0;
  Cycles compute{};
  // What moves between the on-chip memories and the tiles while it computes: in, weights, activations and the
  // partial sums that it continues; out, outputs or the partial sums that it leaves, in equal bursts.
  Bytes weight_read{};
  Bytes activation_read{};
  Bytes output_written{};
  std::uint32_t output_bursts = 1;
  // Partial sums among them: part of activation_read and output_written.
  Bytes sums_read{};
  Bytes sums_written{};
  // Its activations are on chip when the outputs of this many items are in the activation memory.
  std::uint32_t reduced_before = 0;
  // How many stores of the list must be complete before it starts, because they free the room for its
  // outputs.
  std::uint32_t stores_before = 0;
};

// Room in the weight memory that is taken from the first load for `item` until `last_item` is computed.
struct WeightRoom {
  std::uint32_t item = 0;
  std::uint32_t last_item = 0;
  Bytes bytes;
};

// Everything that one accelerator does, in order. Layers are numbered consecutively over all samples.
struct WorkList {
  std::uint32_t layers = 0;
  std::vector<Work> items;
  std::vector<Transfer> transfers;
  std::vector<WeightRoom> weight_rooms;
};

// A transfer and when it joins the DMA's queue: when `position` items have ended, which is never before it
// could start.
struct Queued {
  Transfer transfer;
  std::uint32_t position = 0;
  bool reads_back = false;  // a load of what earlier stores have written
  bool is_ahead = false;    // a load that no work waits for yet
};

// Sorts transfers into the DMA's order: by position; at the same position loads, then stores, then loads that
// read back, then loads that are ahead; then by the item that waits. In this order a transfer that could
// start never waits behind one that cannot.
std::vector<Transfer> order_transfers(std::vector<Queued> queued);

// Throws Error(internal) where the list cannot run to its end: a load waits for its own item, or behind a
// store that does, or items or layers are out of order.
void check_work_list(const WorkList& list);

}  // namespace heddle::memory
