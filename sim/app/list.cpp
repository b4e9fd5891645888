// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/configurations.h"
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
          {"descriptions", shipped_descriptions()},
          {"memories", run::shipped_memory_devices()},
          {"memory_systems", run::shipped_memory_systems()},
          {"traces", run::shipped_traces()}};
}

void print_names(const char* heading, const std::vector<std::string>& names) {
  std::cout << "\n" << heading << "\n";
  for (const auto& name : names) std::cout << "  " << name << "\n";
}

constexpr std::size_t kTerminalColumns = 80;
constexpr std::size_t kLeastText = 20;  // columns, beside a name that fills the terminal

// The whole words of `text` that fit in `columns` columns.
std::string cut(const std::string& text, std::size_t columns) {
  constexpr std::string_view kMore = " ...";
  if (text.size() <= columns) return text;
  const auto end = text.rfind(' ', columns - kMore.size());
  return text.substr(0, end == std::string::npos ? 0 : end) + std::string(kMore);
}

// The folder of a configuration, whose names stand in one column; empty for those of configs/accelerators.
std::string family(const std::string& name) {
  const auto slash = name.find('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

// One line per configuration. The first word is its name, and a blank line ends the list.
void print_configurations() {
  std::cout << "\nconfigurations (heddle run NAME; heddle describe NAME)\n";
  const auto names = run::shipped_configurations();
  const Json descriptions = shipped_descriptions();
  std::map<std::string, std::size_t> widths;
  for (const auto& name : names) widths[family(name)] = std::max(widths[family(name)], name.size());
  for (const auto& name : names) {
    const std::size_t width = widths[family(name)];
    const std::size_t left = std::max(kLeastText, kTerminalColumns - std::min(kTerminalColumns, width + 4));
    std::cout << fmt::format("  {:<{}}  {}\n", name, width, cut(descriptions[name].get<std::string>(), left));
  }
}

}  // namespace

int list_command(const Arguments& arguments) {
  CommandLine line("heddle list [--json]",
                   "List models, shipped configurations with their descriptions, memories and traces.",
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
  print_configurations();
  print_names("memory systems (heddle run CONFIG --set memory=NAME)", run::shipped_memory_systems());
  print_names("memories (heddle dram NAME; --set memory.off_chip.device=NAME)",
              run::shipped_memory_devices());
  print_names("traces (--trace NAME)", run::shipped_traces());
  return 0;
}

}  // namespace heddle::app
