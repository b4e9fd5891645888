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
#include "sim/arch/accelerator_config.h"
#include "sim/dram/device_declaration.h"
#include "sim/memory/memory_config.h"
#include "sim/result/compare.h"
#include "sim/result/schema.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

std::string default_text(const Json& row) {
  if (row.value("required", false)) return "required";
  return row.contains("default") ? row["default"].dump() : "none";
}

void print_parameters(const Json& rows, const std::string& indent) {
  for (const auto& row : rows) {
    std::cout << indent << row["name"].get<std::string>() << " = " << default_text(row);
    if (row.contains("unit")) std::cout << " " << row["unit"].get<std::string>();
    std::cout << "  (" << row["type"].get<std::string>();
    if (row.contains("range")) std::cout << " " << row["range"][0] << " to " << row["range"][1];
    if (row.contains("words")) {
      std::cout << ": ";
      for (std::size_t i = 0; i < row["words"].size(); ++i)
        std::cout << (i > 0 ? " | " : "") << row["words"][i].get<std::string>();
    }
    std::cout << ")\n" << indent << "    " << row["description"].get<std::string>() << "\n";
    if (row.contains("source"))
      std::cout << indent << "    source: " << row["source"].get<std::string>() << "\n";
    if (row.contains("children")) print_parameters(row["children"], indent + "    ");
  }
}

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

void show_configuration(const std::string& name, bool as_json) {
  const auto config = find_configuration(name);
  if (!config)
    refuse_name("heddle describe", "model, configuration or section", name,
                {"memory", "device", "result", "comparison"});
  if (as_json) {
    std::cout << configuration_json(name, *config).dump(2) << "\n";
  } else {
    print_configuration(name, *config);
  }
}

}  // namespace

int describe_command(const Arguments& arguments) {
  CommandLine line(
      "heddle describe NAME [--json]",
      "Show the keys of a model, of the section `memory` of a configuration, or of a memory device: unit, "
      "default, range, source; the values of a configuration; or the keys of a result or a comparison, "
      "as tables in Markdown.",
      "heddle describe stripes");
  line.options()("name", po::value<std::string>(),
                 "a model or a configuration of `heddle list`, a configuration file, memory, device, result, "
                 "or comparison")("json", po::bool_switch(), "print JSON on standard output");
  line.positional("name", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(*values, "name", "the name of a model or a configuration");
  const bool as_json = (*values)["json"].as<bool>();
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
