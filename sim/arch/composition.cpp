// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/composition.h"

#include <fmt/format.h>

#include "sim/base/error.h"

namespace heddle::arch {

Mapping map_composed(const workload::LoweredLayer& layer, const ArrayShape& array, Pallet pallet,
                     unsigned width) {
  const Composition composition = composition_of(layer, width);
  if (array.rows < composition.rows || array.columns < composition.columns) {
    throw Error(ErrorKind::config, "/parameters",
                fmt::format("{} rows x {} columns of {}-bit units cannot compose {}-bit weights x {}-bit "
                            "activations",
                            array.rows, array.columns, width, layer.weight_bits, layer.activation_bits));
  }
  return map_layer(layer, array, pallet, composition);
}

}  // namespace heddle::arch
