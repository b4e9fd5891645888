// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "sim/dram/memory_system.h"
#include "sim/dram/request_trace.h"

namespace heddle::dram {

// Offers requests in their order, each at its cycle or as soon as its predecessor has found room, and runs
// the memory until all are served. Each request is one burst; its tag is its position. `next` returns an
// optional request, `where` names the last one, `sink` is called with every command.
template <class Next, class Where, class Sink>
void drive_requests(MemorySystem& memory, Next&& next, Where&& where, Sink&& sink) {
  std::uint64_t position = 0;
  Cycle now = 0;
  bool waiting = false;  // the head found its queue full; only a column command makes room
  std::optional<TraceRequest> head = next();
  Location at = head ? memory.locate(head->address, where) : Location{};
  while (true) {
    if (head && !waiting) {
      const Cycle offer = std::max(head->cycle, now);
      // A request offered by now is pushed before the controller chooses its next command.
      if (offer == now || offer <= memory.next_cycle()) {
        now = offer;
        if (!memory.has_room(at, head->kind)) {
          waiting = true;
          continue;
        }
        memory.push(at, head->kind, position++, head->cycle, now, sink);
        head = next();
        if (head) at = memory.locate(head->address, where);
        continue;
      }
    }
    if (memory.next_cycle() == kNever) return;
    const Issued issued = memory.issue();
    now = issued.cycle;
    if (is_column(issued.command)) waiting = false;
    sink(issued);
  }
}

}  // namespace heddle::dram
