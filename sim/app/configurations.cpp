// SPDX-License-Identifier: Apache-2.0
#include "sim/app/configurations.h"

#include <iostream>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/config/compose.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

using config::Json;

// Every key but the ones that say what the configuration is, in the order of their declaration.
std::vector<std::pair<std::string, Json>> values_of(const arch::AcceleratorConfig& config) {
  std::vector<std::pair<std::string, Json>> out;
  for (const auto& key : arch::accelerator_declaration()) {
    // The memory is shown as it is written, with the names of its files.
    const Json& written = config.document.root;
    if (key.name == "memory" || key.name == "fidelity") {
      out.emplace_back(key.name, written.value(key.name, *key.default_value));
    } else if (key.name != "description" && key.name != "source" && key.name != "model" &&
               config.echo.contains(key.name)) {
      out.emplace_back(key.name, config.echo[key.name]);
    }
  }
  return out;
}

void print_value(const config::Document& document, const std::string& pointer, const std::string& path,
                 const Json& value) {
  if (!value.is_object() || value.empty()) {
    const bool is_written = document.root.contains(Json::json_pointer(pointer));
    std::cout << fmt::format("  {} = {}{}\n", path, value.dump(), is_written ? "" : "  (default)");
    return;
  }
  for (const auto& [key, child] : value.items()) {
    print_value(document, fmt::format("{}/{}", pointer, config::pointer_token(key)),
                fmt::format("{}.{}", path, key), child);
  }
}

void add_values(std::vector<std::pair<std::string, Json>>& out, const std::string& path, const Json& value) {
  if (!value.is_object() || value.empty()) {
    out.emplace_back(path, value);
    return;
  }
  for (const auto& [key, child] : value.items()) add_values(out, fmt::format("{}.{}", path, key), child);
}

}  // namespace

std::optional<arch::AcceleratorConfig> find_configuration(const std::string& name) {
  const auto shipped = run::shipped_files();
  const auto file = config::find_file(config::kind_of(*shipped, ""), "", name);
  if (!file) return std::nullopt;
  return arch::read_accelerator(*file, {}, models::catalogue(), shipped);
}

Json configuration_json(const std::string& name, const arch::AcceleratorConfig& config) {
  Json values = Json::object();
  for (const auto& [key, value] : values_of(config)) values[key] = value;
  return {{"format", "heddle-description"},
          {"version", {1, 0}},
          {"name", name},
          {"description", config.echo["description"]},
          {"source", config.echo["source"]},
          {"model", config.model->name},
          {"values", values}};
}

std::vector<std::pair<std::string, Json>> configuration_values(const arch::AcceleratorConfig& config) {
  std::vector<std::pair<std::string, Json>> out;
  for (const auto& [key, value] : values_of(config)) add_values(out, key, value);
  return out;
}

void print_configuration(const std::string& name, const arch::AcceleratorConfig& config) {
  std::cout << name << ": " << config.echo["description"].get<std::string>() << "\n";
  if (const auto source = config.echo["source"].get<std::string>(); !source.empty())
    std::cout << "source: " << source << "\n";
  std::cout << fmt::format("a configuration of model {0} (heddle describe {0} explains the keys)\n\n",
                           config.model->name)
            << "values (--set KEY=VALUE changes one)\n";
  for (const auto& [key, value] : values_of(config)) print_value(config.document, "/" + key, key, value);
}

Json shipped_descriptions() {
  const auto shipped = run::shipped_files();
  const auto* const kind = config::kind_of(*shipped, "");
  Json out = Json::object();
  for (const auto& name : kind->names) {
    const auto file = config::require_file(kind, run::data_folder(), name, "");
    const Json& root = config::compose(file, {}, shipped).root;
    const auto text = root.find("description");
    out[name] = text != root.end() && text->is_string() ? *text : Json("");
  }
  return out;
}

void refuse_name(const std::string& command, const std::string& what, const std::string& name,
                 std::vector<std::string> words) {
  for (const auto& info : models::catalogue()) words.push_back(info.name);
  for (auto& configuration : run::shipped_configurations()) words.push_back(std::move(configuration));
  throw Error(ErrorKind::usage, command,
              "there is no " + what + " " + in_quotes(name) + suggestion(name, words));
}

}  // namespace heddle::app
