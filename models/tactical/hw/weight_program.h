// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/tactical/tactical.h"

namespace heddle::models::tactical {

inline constexpr std::size_t kMaxOperands =
    256;  // activations of a packed column: at most one per slot of 16 rows

// One packed column of a filter set as the tile's weight memory holds it.
struct WeightColumn {
  static constexpr std::int16_t kNothing = -1;

  // An activation that the column needs: where in the window, and which rows share its serializer.
  struct Operand {
    std::uint32_t step;
    std::uint8_t lane;
    std::uint8_t
        share;  // all 0 where the whole column is detected together; the row where rows are on their own
  };
  std::vector<Operand> operands;
  std::uint32_t shares = 1;
  bool idle = false;  // the one column of a set that emits nothing: a cycle without work
  std::array<std::array<std::int32_t, arch::kLanes>, kMaxRows> weights{};
  std::array<std::array<std::int16_t, arch::kLanes>, kMaxRows>
      selects{};  // index of the operand, or kNothing
};

// The packed columns of a filter set with what the multiplexers select. At least one column.
struct WeightProgram {
  std::vector<WeightColumn> columns;
  std::uint32_t first_filter = 0;
  std::uint32_t filters = 0;
  std::uint32_t group = 0;
};

std::shared_ptr<const WeightProgram> load_program(const Tactical& model, const arch::LayerInput& input,
                                                  const arch::FilterSet& set);

}  // namespace heddle::models::tactical
