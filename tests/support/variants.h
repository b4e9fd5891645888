// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/arch/accelerator.h"

namespace heddle::test {

// One small instance of a model, for the laws that every model must obey. Each object of
// models/<name>/tests/variants.json states the parameters of one; keys that it leaves out have their
// defaults.
struct Variant {
  std::string name;  // "stripes[1]"
  const arch::ModelInfo* model = nullptr;
  config::Json parameters;
  std::unique_ptr<arch::Accelerator> accelerator;
};

std::unique_ptr<arch::Accelerator> make_accelerator(const arch::ModelInfo& model,
                                                    const config::Json& parameters);
std::vector<Variant> variants_of(const arch::ModelInfo& model);
std::vector<Variant> all_variants();

}  // namespace heddle::test
