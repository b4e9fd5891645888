// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heddle::importers {

// A line of a SCALE-Sim topology: its name, its numbers, and what Heddle and its users add.
struct TopologyLine {
  std::string where;  // FILE:LINE
  std::vector<std::string>
      fields;                    // the name first; without the precisions and without empty fields at the end
  unsigned activation_bits = 0;  // 0: not stated
  unsigned weight_bits = 0;
  std::string remark;  // text behind the numbers that is no precision

  [[nodiscard]] std::uint32_t dimension(std::size_t index, const char* what) const;
};

constexpr std::int64_t kMostLayerDimension = 1 << 24;
constexpr std::size_t kConvolutionFields = 8;
constexpr std::size_t kProductFields = 4;

// Precisions ("Pa=9", "Pw=11") may stand in fields of their own behind the dimensions, and after the last
// comma. Any other text after the last comma is a remark; a number there is a field only when the line lacks
// one, as in files that leave out the comma after the strides. Throws Error(workload).
TopologyLine parse_topology_line(const std::string& text, const std::string& where);

bool is_number(const std::string& field);

}  // namespace heddle::importers
