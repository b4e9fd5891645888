// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/field.h"

#include "sim/base/random.h"

namespace heddle::synthetic {

Stream::Stream(std::uint64_t seed, std::string_view name) : key_(Random(seed, name).next()) {}

// One more row and column of cells than fit, because the first is cut where the channel begins.
Field::Field(std::uint64_t seed, const std::string& name, const Form& form)
    : own_(seed, name + "/own"),
      cells_(seed, name + "/cells"),
      values_(seed, name + "/values"),
      cell_(form.cell),
      rows_(form.height / form.cell + 2),
      columns_(form.width / form.cell + 2),
      jitter_(form.jitter < 1 ? threshold_of(form.jitter) : 0),
      is_independent_(form.jitter >= 1) {}

}  // namespace heddle::synthetic
