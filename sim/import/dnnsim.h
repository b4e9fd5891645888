// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace heddle::importers {

// How the numbers of DNNsim's tensors become codes:
//   integers  as they are; anything else is an error
//   fixed     precision.txt: clamp(round half away(x * 2^fraction)) to +-(2^(precision-1) - 1)
//   linear    symmetric linear quantisation to the width; a tensor whose least number is 0 uses the full
//             unsigned range
//   automatic tensor by tensor: integers where it holds nothing else, else fixed with and linear without
//             precision.txt
enum class DnnsimValues { automatic, integers, fixed, linear };
std::optional<DnnsimValues> dnnsim_values_named(const std::string& name);  // "auto", "integers", ...

struct DnnsimImport {
  std::filesystem::path folder;  // holds models/NETWORK and net_traces/NETWORK
  std::string network;
  DnnsimValues values = DnnsimValues::automatic;
  unsigned width = 16;  // bits of the container, and of a tensor that precision.txt says nothing about
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
