// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "sim/import/dnnsim_values.h"

namespace heddle::importers {

struct DnnsimImport {
  std::filesystem::path folder;  // holds models/NETWORK and net_traces/NETWORK
  std::string network;
  DnnsimValues values = DnnsimValues::automatic;
  unsigned width = 16;  // bits of the container, and of tensors without an entry in precision.txt
};

struct DnnsimSummary {
  std::size_t layers = 0;
  std::uint32_t samples = 0;
};

// Reads models/NETWORK/{model.csv | train_val.prototxt, precision.txt} and net_traces/NETWORK/
// {wgt-LAYER.npy, act-LAYER-BATCH.npy}; every image of every batch is a sample. Activations are (B,C,H,W),
// (B,C) or, of recurrent layers, (B,T,C). Checks dtypes, order, shapes and lengths, and throws Error(workload
// | io) naming the file.
DnnsimSummary import_dnnsim(const DnnsimImport& import, const std::filesystem::path& trace);

}  // namespace heddle::importers
