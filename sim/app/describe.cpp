// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/configurations.h"
#include "sim/app/describe_keys.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/dram/device_declaration.h"
#include "sim/memory/memory_config.h"
#include "sim/result/compare.h"
#include "sim/result/schema.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

Json describe_model(const arch::ModelInfo& info) {
  Json events = Json::array();
  for (const auto& e : info.events)
    events.push_back({{"name", e.name}, {"unit", e.unit}, {"description", e.description}});
  return {{"format", "heddle-description"},
          {"version", {1, 0}},
          {"name", info.name},
          {"summary", info.summary},
          {"citation", info.citation},
          {"parameters", config::describe(info.parameters)},
          {"events", events},
          {"configuration", config::describe(arch::accelerator_declaration())},
          {"memory", config::describe(memory::memory_section_declaration())}};
}

// What `heddle describe` knows beside the models.
struct Section {
  std::string_view name;
  std::string_view title;
  const config::Declaration& declaration;
};

std::optional<Section> find_section(std::string_view name) {
  if (name == "memory") {
    return Section{
        name, "the section `memory` of a configuration, or a file in configs/memory_systems (docs/memory.md)",
        memory::memory_section_declaration()};
  }
  if (name == "device") {
    return Section{
        name, "a DRAM with its controller, key `memory.off_chip.device` (format heddle-memory; docs/dram.md)",
        dram::device_declaration()};
  }
  return std::nullopt;
}

void print_section(const Section& section, bool as_json) {
  const Json keys = config::describe(section.declaration);
  if (as_json) {
    std::cout << Json{{"format", "heddle-description"},
                      {"version", {1, 0}},
                      {"name", std::string(section.name)},
                      {"parameters", keys}}
                     .dump(2)
              << "\n";
    return;
  }
  std::cout << section.name << ": " << section.title << "\n\n";
  print_parameters(keys, "  ");
}

void print_model(const arch::ModelInfo& info, const Json& description) {
  std::cout << info.name << ": " << info.summary << "\n"
            << info.citation << "\n\nparameters (key `parameters` of a configuration)\n";
  print_parameters(description["parameters"], "  ");
  if (!info.events.empty()) std::cout << "\nevents counted beside the common ones\n";
  for (const auto& e : info.events)
    std::cout << fmt::format("  {} [{}]: {}\n", e.name, e.unit, e.description);
  std::cout << "\nother keys of a configuration\n";
  print_parameters(description["configuration"], "  ");
  std::cout << "\nkeys of `memory` where it is an object (docs/memory.md)\n";
  print_parameters(description["memory"], "  ");
}

void show_model(const arch::ModelInfo& info, bool as_json) {
  const Json description = describe_model(info);
  if (as_json) {
    std::cout << description.dump(2) << "\n";
    return;
  }
  print_model(info, description);
  const auto configurations = run::shipped_configurations();
  if (std::find(configurations.begin(), configurations.end(), info.name) != configurations.end())
    std::cout << fmt::format("\nheddle describe {0}.json shows the configuration {0}\n", info.name);
}

arch::AcceleratorConfig configuration_of(const std::string& name) {
  auto config = find_configuration(name);
  if (!config)
    refuse_name("heddle describe", "model, configuration or section", name,
                {"memory", "device", "result", "comparison"});
  return std::move(*config);
}

// Keys of a model as a configuration writes them, and its events.
Keys keys_of(const arch::ModelInfo& info) {
  const Json description = describe_model(info);
  Keys out;
  add_keys(out, description["parameters"], "parameters.");
  add_keys(out, description["configuration"], "");
  add_keys(out, description["memory"], "memory.");
  Json events = description["events"];
  for (auto& event : events) event["type"] = "event";
  add_keys(out, events, "events.");
  return out;
}

// A row of a configuration: path and value.
Keys keys_of(const arch::AcceleratorConfig& config) {
  Keys out;
  for (const auto& [path, value] : configuration_values(config))
    out.push_back({{"name", path}, {"value", value}});
  return out;
}

void print_key(const Json& key) {
  if (key.contains("value")) {
    std::cout << "  " << key["name"].get<std::string>() << " = " << key["value"].dump() << "\n";
  } else if (key["type"] == "event") {
    std::cout << fmt::format("  {} [{}]: {}\n", key["name"].get<std::string>(),
                             key["unit"].get<std::string>(), key["description"].get<std::string>());
  } else {
    print_parameters(Json::array({key}), "  ");
  }
}

// The keys of `name` that go with the pattern.
void show_matching(const std::string& name, const std::string& pattern, bool as_json) {
  Keys keys;
  const auto is_called = [&](const arch::ModelInfo& info) { return info.name == name; };
  const auto model = std::find_if(models::catalogue().begin(), models::catalogue().end(), is_called);
  if (const auto section = find_section(name)) {
    add_keys(keys, config::describe(section->declaration), "");
  } else if (model != models::catalogue().end()) {
    keys = keys_of(*model);
  } else {
    keys = keys_of(configuration_of(name));
  }
  keys = matching(keys, pattern, name);
  if (as_json) {
    std::cout << Json{{"format", "heddle-description"},
                      {"version", {1, 0}},
                      {"name", name},
                      {"pattern", pattern},
                      {"keys", keys}}
                     .dump(2)
              << "\n";
    return;
  }
  for (const auto& key : keys) print_key(key);
}

void show_configuration(const std::string& name, bool as_json) {
  const auto config = configuration_of(name);
  if (as_json) {
    std::cout << configuration_json(name, config).dump(2) << "\n";
  } else {
    print_configuration(name, config);
  }
}

}  // namespace

int describe_command(const Arguments& arguments) {
  CommandLine line(
      "heddle describe NAME [PATTERN] [--json]",
      "Show the keys of a model, of the section `memory` of a configuration, or of a memory device: unit, "
      "default, range, source; the values of a configuration; or the keys of a result or a comparison, "
      "as tables in Markdown. With PATTERN only the keys that go with it, with their whole path: a part of "
      "the path, or a glob such as '*_bits'.",
      "heddle describe stripes tiles");
  line.options()("name", po::value<std::string>(),
                 "a model or a configuration of `heddle list`, a configuration file, memory, device, result, "
                 "or comparison")("pattern", po::value<std::string>(),
                                  "only keys whose path holds this text or goes with this glob")(
      "json", po::bool_switch(), "print JSON on standard output");
  line.positional("name", 1);
  line.positional("pattern", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(*values, "name", "the name of a model or a configuration");
  const bool as_json = (*values)["json"].as<bool>();
  if (values->count("pattern") != 0) {
    const auto pattern = (*values)["pattern"].as<std::string>();
    if (name == "result" || name == "comparison")
      throw Error(ErrorKind::usage, "heddle describe " + name, "its keys take no pattern");
    show_matching(name, pattern, as_json);
    return 0;
  }
  if (name == "result") {
    std::cout << (as_json ? result::result_schema().dump(1) + "\n" : result::result_tables());
    return 0;
  }
  if (name == "comparison") {
    std::cout << (as_json ? result::comparison_schema().dump(1) + "\n" : result::comparison_tables());
    return 0;
  }
  if (const auto section = find_section(name)) {
    print_section(*section, as_json);
    return 0;
  }
  for (const auto& info : models::catalogue()) {
    if (info.name != name) continue;
    show_model(info, as_json);
    return 0;
  }
  show_configuration(name, as_json);
  return 0;
}

}  // namespace heddle::app
