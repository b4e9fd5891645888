// SPDX-License-Identifier: Apache-2.0
#include "tests/support/variants.h"

#include "models/catalogue.h"

namespace heddle::test {

std::unique_ptr<arch::Accelerator> make_accelerator(const arch::ModelInfo& model,
                                                    const config::Json& parameters) {
  config::Document document;
  document.root = parameters;
  document.set_name(model.name);
  return model.make(config::read(document, "", model.parameters));
}

std::vector<Variant> variants_of(const arch::ModelInfo& model) {
  std::vector<Variant> out;
  const auto document =
      config::read_json(std::string(HEDDLE_SOURCE_DIR) + "/models/" + model.name + "/tests/variants.json");
  for (std::size_t i = 0; i < document.root.size(); ++i) {
    const auto& parameters = document.root[i];
    out.push_back({model.name + "[" + std::to_string(i) + "]", &model, parameters,
                   make_accelerator(model, parameters)});
  }
  return out;
}

std::vector<Variant> all_variants() {
  std::vector<Variant> out;
  for (const auto& model : models::catalogue()) {
    for (auto& variant : variants_of(model)) out.push_back(std::move(variant));
  }
  return out;
}

}  // namespace heddle::test
