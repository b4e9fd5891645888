// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include <systemc>

#include "sim/workload/bricks.h"

namespace heddle::hw {

// Neighbouring bit positions of a brick's 16 values, as they cross a bus in one cycle: bit l of a plane is
// lane l's bit. Two's complement: the top plane of a signed value counts negative.
struct OperandPlanes {
  static constexpr std::size_t kMost = 4;
  std::array<std::uint16_t, kMost> bits{};
  std::uint8_t place = 0;         // of bits[0]
  std::uint8_t negative = kMost;  // which plane counts negative; kMost: none

  // Sum over lanes of the planes' bits times the weights.
  [[nodiscard]] std::int64_t times(const std::int32_t* weights) const {
    std::int64_t sum = 0;
    for (std::size_t plane = 0; plane < kMost; ++plane) {
      if (bits[plane] == 0) continue;
      std::int64_t tree = 0;
      for (std::size_t lane = 0; lane < workload::kBrick; ++lane) {
        tree += ((bits[plane] >> lane) & 1) != 0 ? weights[lane] : 0;
      }
      const std::int64_t placed = tree * (std::int64_t{1} << (place + plane));
      sum += plane == negative ? -placed : placed;
    }
    return sum;
  }

  friend bool operator==(const OperandPlanes&, const OperandPlanes&) = default;
  friend std::ostream& operator<<(std::ostream& out, const OperandPlanes& planes) {
    out << "planes";
    for (const auto plane : planes.bits) out << ' ' << plane;
    return out << " at " << static_cast<unsigned>(planes.place);
  }
  friend void sc_trace(sc_core::sc_trace_file* file, const OperandPlanes& planes, const std::string& name) {
    for (std::size_t i = 0; i < kMost; ++i)
      sc_core::sc_trace(file, planes.bits[i], name + "_bits" + std::to_string(i));
  }
};

// `count` planes from `place` on of values that are `width` bits wide; beyond the width there is nothing.
inline OperandPlanes cut_planes(workload::Brick values, std::uint32_t place, std::uint32_t count,
                                std::uint32_t width, bool is_signed) {
  OperandPlanes out;
  out.place = static_cast<std::uint8_t>(place);
  for (std::uint32_t plane = 0; plane < count && place + plane < width; ++plane) {
    for (std::size_t lane = 0; lane < workload::kBrick; ++lane) {
      const auto value = static_cast<std::uint32_t>(values[lane]);
      out.bits[plane] =
          static_cast<std::uint16_t>(out.bits[plane] | (((value >> (place + plane)) & 1U) << lane));
    }
    if (is_signed && place + plane + 1 == width) out.negative = static_cast<std::uint8_t>(plane);
  }
  return out;
}

}  // namespace heddle::hw
