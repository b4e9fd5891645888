// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/blocking.h"

#include <fmt/format.h>

namespace heddle::memory {

LayerBytes operator*(const LayerBytes& bytes, std::uint64_t times) {
  return {.weights = bytes.weights * times,
          .metadata = bytes.metadata * times,
          .input = bytes.input * times,
          .extra = bytes.extra * times,
          .partial_sums = bytes.partial_sums * times,
          .output = bytes.output * times};
}

LayerBytes operator+(const LayerBytes& a, const LayerBytes& b) {
  return {.weights = a.weights + b.weights,
          .metadata = a.metadata + b.metadata,
          .input = a.input + b.input,
          .extra = a.extra + b.extra,
          .partial_sums = a.partial_sums + b.partial_sums,
          .output = a.output + b.output};
}

std::string_view name_of(LoopOrder order) {
  constexpr std::array<std::string_view, kLoopOrders> kNames{
      "whole", "filters_windows", "windows_filters", "sums_kept", "sums_kept_input_streamed", "sums_spilled"};
  return kNames[static_cast<std::size_t>(order)];
}

LoopOrder Blocking::order() const {
  if (sums_are_spilled) return LoopOrder::sums_spilled;
  if (slices > 1) {
    // The input is held where it is loaded in no loop that repeats or overlaps.
    for (std::size_t i = 0; i < input_depth; ++i) {
      if (loops[i] != Loop::channels && count(loops[i]) > 1) return LoopOrder::sums_kept_input_streamed;
    }
    return LoopOrder::sums_kept;
  }
  if (filter_blocks == 1 && window_blocks == 1) return LoopOrder::whole;
  for (const Loop loop : loops) {
    if (count(loop) > 1)
      return loop == Loop::filters ? LoopOrder::filters_windows : LoopOrder::windows_filters;
  }
  return LoopOrder::whole;
}

std::string describe_loops(const Blocking& blocking) {
  constexpr std::array<std::string_view, kLoops> kNames{"filters", "windows", "channels"};
  std::string out;
  for (const Loop loop : blocking.loops) {
    if (blocking.count(loop) < 2) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", kNames[static_cast<std::size_t>(loop)],
                       blocking.count(loop));
  }
  return out;
}

LayerBytes compulsory_bytes(const LayerShape& shape, const LayerSizes& sizes) {
  const std::uint64_t kept = shape.line_count() * shape.groups();
  return {.weights = sizes.weights,
          .metadata = sizes.metadata,
          .input = sizes.line_group * shape.used_line_groups() + sizes.kept_line_group * kept,
          .extra = sizes.extra,
          .partial_sums = Bytes(0),
          .output = sizes.output};
}

}  // namespace heddle::memory
