// SPDX-License-Identifier: Apache-2.0
//
// How long a blocking takes, to decide between blockings that move the same bytes.
#pragma once

#include "sim/memory/blocking.h"

namespace heddle::memory {

// A layer is worked through in at least this many pieces where its shape allows, so that loads and stores
// overlap with its computing. Our choice.
inline constexpr std::uint32_t kPieces = 32;

// The room for what passes through the activation memory: second operands and sums that come in; outputs
// and sums that go out.
struct StreamedRoom {
  Bytes in;
  Bytes out;
};
StreamedRoom streamed_room(const Blocking& blocking, const LayerSizes& sizes);

// Gives what passes through the activation memory the room that nothing else takes, and cuts the passes of
// blocks into pieces of which two fit in it.
void take_free_room(Blocking& blocking, const LayerShape& shape, const LayerSizes& sizes, const Room& room);

// From totals alone.
std::uint64_t rough_cycles(const Blocking& blocking, const LayerShape& shape, const Pace& pace);
// From a simulation of the pieces with a bus that takes their transfers in order.
std::uint64_t estimated_cycles(const Blocking& blocking, const LayerShape& shape, const LayerSizes& sizes,
                               const Room& room, const Pace& pace);

}  // namespace heddle::memory
