// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/config/declaration.h"

namespace heddle::dram {

// The keys of a DRAM device with its controller (a file of format "heddle-memory", kind "dram"), each
// declared once.
const config::Declaration& device_declaration();

}  // namespace heddle::dram
