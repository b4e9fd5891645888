// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/arch/accelerator_config.h"
#include "sim/dram/parameters.h"
#include "sim/memory/memory_config.h"

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
  return {{"name", info.name},
          {"summary", info.summary},
          {"citation", info.citation},
          {"parameters", config::describe(info.parameters)},
          {"events", events},
          {"configuration", config::describe(arch::accelerator_declaration())},
          {"memory", config::describe(memory::memory_declaration())}};
}

void describe_memory(bool as_json) {
  const Json memory = config::describe(dram::memory_declaration());
  if (as_json) {
    std::cout << memory.dump(2) << "\n";
    return;
  }
  std::cout << "memory: a DRAM with its controller (format heddle-memory; docs/dram.md)\n\n";
  print_parameters(memory, "  ");
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

}  // namespace

int describe_command(const Arguments& arguments) {
  CommandLine line("heddle describe MODEL [--json]",
                   "Show the parameters of a model, or of a memory: unit, default, range, source.",
                   "heddle describe stripes");
  line.options()("model", po::value<std::string>(), "a name of `heddle list`, or memory")(
      "json", po::bool_switch(), "print JSON on standard output");
  line.positional("model", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(*values, "model", "a model's name");
  const bool as_json = (*values)["json"].as<bool>();
  if (name == "memory") {
    describe_memory(as_json);
    return 0;
  }
  const auto& info = arch::find_model(models::catalogue(), name, "heddle describe");
  const Json description = describe_model(info);
  if (as_json) {
    std::cout << description.dump(2) << "\n";
  } else {
    print_model(info, description);
  }
  return 0;
}

}  // namespace heddle::app
