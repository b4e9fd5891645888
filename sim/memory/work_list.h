// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/base/quantity.h"

namespace heddle::memory {

// What a transfer over the off-chip interface carries.
enum class Tensor : std::uint8_t { weights, metadata, input_activations, partial_sums, output_activations };

// What the array waits for.
enum class Cause : std::uint8_t { weights, activations, partial_sums, outputs };
inline constexpr std::size_t kCauses = 4;

// The cause of a stall that a transfer of this tensor ends.
constexpr Cause cause_of(Tensor tensor) {
  switch (tensor) {
    case Tensor::weights:
    case Tensor::metadata:
      return Cause::weights;
    case Tensor::input_activations:
      return Cause::activations;
    case Tensor::partial_sums:
      return Cause::partial_sums;
    case Tensor::output_activations:
      break;
  }
  return Cause::outputs;
}

// One descriptor of the DMA's list. The DMA takes them in the order of the list and one after another, as
// a descriptor ring does; because that order is fixed, faster memory can never make a run slower.
struct Transfer {
  std::uint32_t item = 0;  // the work that needs it (load) or has made it (store)
  std::uint32_t after =
      0;  // load: may start when this many items are computed; store: when this many are reduced
  Tensor tensor = Tensor::weights;
  bool is_write = false;
  std::uint64_t address = 0;
  Bytes bytes;
  Cycles codec;  // that the decoder (load) or encoder (store) of compressed groups is busy with it
};

// A stretch of computing for which the array needs nothing new: it starts when its loads have arrived and
// there is room for its outputs.
struct Work {
  std::uint32_t layer = 0;
  Cycles compute{};
  // Between the on-chip memories and the tiles while it computes: activations and the partial sums that it
  // goes on with; outputs, or partial sums that it leaves, in so many bursts.
  Bytes weight_read{};
  Bytes activation_read{};
  Bytes output_written{};
  std::uint32_t output_bursts = 1;
  // Partial sums among them: part of activation_read and output_written.
  Bytes sums_read{};
  Bytes sums_written{};
  // Its activations are on chip when so many items are in the activation memory.
  std::uint32_t reduced_before = 0;
  // Stores of the list that must be complete before it starts: they free the room for its outputs.
  std::uint32_t stores_before = 0;
};

// A part of the weight memory that is taken from the first load for `item` until `last_item` is computed.
struct WeightRoom {
  std::uint32_t item = 0;
  std::uint32_t last_item = 0;
  Bytes bytes;
};

// All that one accelerator does, in order. Layers are numbered through all samples.
struct WorkList {
  std::uint32_t layers = 0;
  std::vector<Work> items;
  std::vector<Transfer> transfers;
  std::vector<WeightRoom> weight_rooms;
};

// A transfer and when it joins the DMA's queue: at the end of the `position`-th item, at the earliest the one
// it depends on.
struct Queued {
  Transfer transfer;
  std::uint32_t position = 0;
  bool reads_back = false;  // a load of what stores before it have written
  bool is_ahead = false;    // a load that nothing waits for yet
};

// The DMA's order: by position; at one position loads, then stores, then loads that read back, then those
// that are ahead; then by the item that waits. So no transfer that could start ever waits behind one that
// cannot.
std::vector<Transfer> order_transfers(std::vector<Queued> queued);

// Throws Error(internal) when the list could not run to its end: a load that waits for its own item, or
// behind a store that does; items or layers out of order.
void check_work_list(const WorkList& list);

}  // namespace heddle::memory
