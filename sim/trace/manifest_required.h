// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/config/json_document.h"

namespace heddle::trace {

// Throws Error(workload) when required keys of a manifest are missing, and names all of them with their
// places. Values of a wrong kind are left to the reader of the value.
void require_keys(const config::Document& document);

}  // namespace heddle::trace
