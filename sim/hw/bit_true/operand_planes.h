// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include <systemc>

#include "sim/base/error.h"
#include "sim/hw/bit_true/bit_serializer.h"

namespace heddle::hw {

// Bit planes of a brick's 16 values that cross a bus in one cycle, at most kMost. Each plane states what one
// of its bits counts for: a power of two, negative for signs and complements. Planes without a set bit take
// no room.
template <std::uint32_t kMost>
struct OperandPlanes {
  struct Plane {
    std::uint16_t bits = 0;  // lane l's in bit l
    std::int32_t counts = 0;
    friend bool operator==(const Plane&, const Plane&) = default;
  };
  static constexpr std::uint32_t kTraced = 4;  // in waveforms: the first ones
  std::array<Plane, kMost> planes{};
  std::uint8_t count = 0;

  void clear() { count = 0; }
  // `number` planes of the values from plane `first` on; there may be fewer.
  void add(const BitSerializer& from, workload::Brick values, unsigned first, unsigned number) {
    for (unsigned i = first; i < first + number; ++i) {
      const BitPlane plane = from.plane(i);
      if (plane.counts == 0) return;
      add(plane, values);
    }
  }
  void add(const BitPlane& plane, workload::Brick values) {
    const BitPlane::Lanes lanes = plane.lanes(values);
    add(lanes.positive, plane.counts);
    add(lanes.negative, -plane.counts);
  }
  // Sum over lanes of the planes' bits times the weights.
  [[nodiscard]] std::int64_t times(const std::int32_t* weights) const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t tree = 0;
      for (std::size_t lane = 0; lane < workload::kBrick; ++lane)
        tree += ((planes[i].bits >> lane) & 1) != 0 ? weights[lane] : 0;
      sum += tree * planes[i].counts;
    }
    return sum;
  }

  friend bool operator==(const OperandPlanes&, const OperandPlanes&) = default;
  friend std::ostream& operator<<(std::ostream& out, const OperandPlanes& planes) {
    out << "planes";
    for (std::size_t i = 0; i < planes.count; ++i)
      out << ' ' << planes.planes[i].bits << " at " << planes.planes[i].counts;
    return out;
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const OperandPlanes& planes, const std::string& name) {
    sc_core::sc_trace(file, planes.count, name + "_planes");
    for (std::uint32_t i = 0; i < std::min(kMost, kTraced); ++i) {
      sc_core::sc_trace(file, planes.planes[i].bits, name + "_bits" + std::to_string(i));
      sc_core::sc_trace(file, planes.planes[i].counts, name + "_counts" + std::to_string(i));
    }
  }

 private:
  void add(std::uint16_t bits, std::int32_t counts) {
    if (bits == 0) return;
    HEDDLE_CHECK(count < kMost, "more bit planes than a bus has wires for");
    planes[count++] = {bits, counts};
  }
};

}  // namespace heddle::hw
