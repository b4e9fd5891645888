// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/base/error.h"
#include "sim/config/json_document.h"

namespace heddle::arch {

// A configured accelerator: what `heddle run CONFIG` reads (docs/configuration.md).
struct AcceleratorConfig {
  std::string name;
  const ModelInfo* model = nullptr;
  std::unique_ptr<Accelerator> accelerator;
  MappingOptions mapping;
  double frequency_mhz = 1000;
  bool is_bit_true = false;
  std::string values;         // of operands whose trace has none (docs/synthetic-values.md)
  config::Document document;  // the composed configuration; the memory section is read by hw
  config::Json echo;          // every key of every section but memory, resolved
};

// `catalogue` outlives the result; `names` are the shipped files that the configuration may name. Throws
// Error(config | usage | io).
AcceleratorConfig read_accelerator(const std::filesystem::path& file, std::span<const std::string> overrides,
                                   std::span<const ModelInfo> catalogue,
                                   const std::shared_ptr<const config::FileNames>& names = nullptr);

// A design knows which of its parameters do not fit together ("/parameters/trim_low"), not where they were
// written. The same error with that place; any other error unchanged.
Error at_its_place(const Error& error, const config::Document& document);

// As map_onto() of the configured accelerator; an error names the place in the configuration.
MappedLayer map_onto(const workload::Layer& layer, const AcceleratorConfig& config);

// The JSON Schema of an accelerator configuration; with a model, that model's parameters are spelt out.
config::Json accelerator_schema(const ModelInfo& model);

// The declaration of everything but the model's own parameters and the memory.
const config::Declaration& accelerator_declaration();

const ModelInfo& find_model(std::span<const ModelInfo> catalogue, const std::string& name,
                            const std::string& where);

}  // namespace heddle::arch
