// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/arch/work_list.h"

namespace heddle::arch {

// What timing needs of a counted layer.
struct LayerWork {
  Cost cost;
  std::vector<Bytes> pass_weights;  // off-chip bytes of each pass's weights
  Bytes metadata;
  Bytes input;
  Bytes output;
};

LayerWork layer_work(const LayerInput& input, const Accelerator& accelerator, const Plan& plan, Cost cost);

// Every layer reads its input and weights from off chip and writes its output there; a pass's weights are
// loaded while the pass before it computes. Without `off_chip`, computing alone. Appends to `list`.
void append_layers(const std::vector<const LayerWork*>& layers, bool off_chip, WorkList& list);

}  // namespace heddle::arch
