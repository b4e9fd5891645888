// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/config/declaration.h"
#include "sim/dram/device.h"

namespace heddle::dram {

// The keys of a memory configuration of kind "dram", each declared once.
const config::Declaration& device_declaration();

struct MemoryConfiguration {
  MemoryParameters parameters;
  config::Json echo;  // every key, defaults included
};

// Reads and checks a whole memory configuration (a file of format "heddle-memory"). Everything that is
// wrong with it throws Error(config) with file, line and path.
MemoryConfiguration read_device(const config::Document& document, const std::string& pointer = "");

}  // namespace heddle::dram
