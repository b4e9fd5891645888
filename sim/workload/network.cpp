// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network.h"

namespace heddle::workload {

// A codebook's codes are indices into its table; `signed` refers to the decoded integers.
std::int64_t Representation::lowest_code() const {
  if (decode == Decode::table) return 0;
  if (is_bipolar) return -1;
  if (!is_signed) return 0;
  return -(std::int64_t{1} << (bits - 1)) + (is_narrow ? 1 : 0);
}
std::int64_t Representation::highest_code() const {
  if (decode == Decode::table) return (std::int64_t{1} << bits) - 1;
  if (is_bipolar) return 1;
  return is_signed ? (std::int64_t{1} << (bits - 1)) - 1 : (std::int64_t{1} << bits) - 1;
}

Shape activation_shape(const Layer& layer) {
  const Geometry& g = layer.geometry;
  if (layer.op == Op::conv2d) return {1, g.channels, g.height, g.width};
  return {g.width, g.channels};
}

Shape weight_shape(const Layer& layer) {
  const Geometry& g = layer.geometry;
  if (layer.op == Op::conv2d) return {g.filters, g.channels / g.groups, g.kernel_height, g.kernel_width};
  return {g.filters, g.channels / g.groups};
}

}  // namespace heddle::workload
