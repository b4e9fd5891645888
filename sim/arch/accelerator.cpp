// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/accelerator.h"

#include <algorithm>
#include <numeric>

namespace heddle::arch {

Block whole_layer(const Mapping& mapping) {
  Block block;
  block.passes.resize(mapping.passes.size());
  block.window_sets.resize(mapping.window_sets.size());
  std::iota(block.passes.begin(), block.passes.end(), 0U);
  std::iota(block.window_sets.begin(), block.window_sets.end(), 0U);
  return block;
}

MappedLayer map_onto(const workload::Layer& layer, const Accelerator& accelerator,
                     const MappingOptions& options) {
  MappedLayer out;
  out.lowered = workload::lower(layer, options.lowering);
  out.mapping = accelerator.map(out.lowered, options.pallet);
  if (out.lowered.is_depthwise && options.depthwise == Depthwise::square) {
    // Narrow elements are composed into fewer rows, so the rows are known only now.
    workload::LoweringOptions lowering = options.lowering;
    lowering.depthwise_square = std::min(kLanes, out.mapping.composed().rows);
    out.lowered = workload::lower(layer, lowering);
    out.mapping = accelerator.map(out.lowered, options.pallet);
  }
  out.mapping.step_order = options.step_order;
  return out;
}

}  // namespace heddle::arch
