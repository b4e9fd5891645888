// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

Json catalogue_json() {
  Json models = Json::array();
  for (const auto& info : models::catalogue())
    models.push_back({{"name", info.name}, {"summary", info.summary}, {"citation", info.citation}});
  return {{"format", "heddle-list"},
          {"version", {1, 0}},
          {"models", models},
          {"configurations", run::shipped_configurations()},
          {"memories", run::shipped_memory_devices()},
          {"memory_systems", run::shipped_memory_systems()},
          {"traces", run::shipped_traces()}};
}

void print_names(const char* heading, const std::vector<std::string>& names) {
  std::cout << "\n" << heading << "\n";
  for (const auto& name : names) std::cout << "  " << name << "\n";
}

}  // namespace

int list_command(const Arguments& arguments) {
  CommandLine line("heddle list [--json]", "List models, shipped configurations and shipped traces.",
                   "heddle list");
  line.options()("json", po::bool_switch(), "print JSON on standard output");
  const auto values = line.parse(arguments);
  if (!values) return 0;
  if ((*values)["json"].as<bool>()) {
    std::cout << catalogue_json().dump(2) << "\n";
    return 0;
  }
  std::cout << "models (heddle describe NAME)\n";
  for (const auto& info : models::catalogue())
    std::cout << fmt::format("  {:<14} {}\n", info.name, info.summary);
  print_names("configurations (heddle run NAME)", run::shipped_configurations());
  print_names("memory systems (heddle run CONFIG --set memory=NAME)", run::shipped_memory_systems());
  print_names("memories (heddle dram NAME; --set memory.off_chip.device=NAME)",
              run::shipped_memory_devices());
  print_names("traces (--trace NAME)", run::shipped_traces());
  return 0;
}

}  // namespace heddle::app
