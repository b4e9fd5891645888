// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/config/json_document.h"
#include "sim/dram/device.h"

namespace heddle::dram {

struct MemoryConfiguration {
  MemoryParameters parameters;
  config::Json echo;  // every key, defaults included
};

// Reads and checks a DRAM device with its controller (a file of format "heddle-memory"). A wrong value throws
// Error(config) with file, line and path.
MemoryConfiguration read_device(const config::Document& document);

}  // namespace heddle::dram
