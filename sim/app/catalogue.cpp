// SPDX-License-Identifier: Apache-2.0
#include "models/catalogue.h"

#include <iostream>
#include <string_view>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/locate.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/version.h"
#include "sim/dram/parameters.h"
#include "sim/memory/memory_config.h"
#include "sim/result/document.h"
#include "sim/result/schema.h"

namespace heddle::embedded {
extern const std::string_view trace_schema;
}  // namespace heddle::embedded

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
          {"memory", config::describe(memory::memory_declaration())}};
}

}  // namespace

int list_command(const Arguments& arguments) {
  CommandLine line("heddle list [--json]", "List models, shipped configurations and shipped traces.",
                   "heddle list");
  line.options()("json", po::bool_switch(), "print JSON on standard output");
  const auto values = line.parse(arguments);
  if (!values) return 0;
  if ((*values)["json"].as<bool>()) {
    Json models = Json::array();
    for (const auto& info : models::catalogue())
      models.push_back({{"name", info.name}, {"summary", info.summary}, {"citation", info.citation}});
    std::cout << Json{{"format", "heddle-list"},
                      {"version", {1, 0}},
                      {"models", models},
                      {"configurations", shipped_configs()},
                      {"memories", shipped_memories()},
                      {"memory_systems", shipped_memory_systems()},
                      {"traces", shipped_traces()}}
                     .dump(2)
              << "\n";
    return 0;
  }
  std::cout << "models (heddle describe NAME)\n";
  for (const auto& info : models::catalogue())
    std::cout << fmt::format("  {:<14} {}\n", info.name, info.summary);
  std::cout << "\nconfigurations (heddle run NAME)\n";
  for (const auto& name : shipped_configs()) std::cout << "  " << name << "\n";
  std::cout << "\nmemory systems (heddle run CONFIG --set memory=NAME)\n";
  for (const auto& name : shipped_memory_systems()) std::cout << "  " << name << "\n";
  std::cout << "\nmemories (heddle dram NAME; --set memory.off_chip.device=NAME)\n";
  for (const auto& name : shipped_memories()) std::cout << "  " << name << "\n";
  std::cout << "\ntraces (--trace NAME)\n";
  for (const auto& name : shipped_traces()) std::cout << "  " << name << "\n";
  return 0;
}

int describe_command(const Arguments& arguments) {
  CommandLine line(
      "heddle describe MODEL [--json]",
      "Show the parameters of a model, or of a memory: unit, default, range, source; or the keys of "
      "a result, as tables in Markdown.",
      "heddle describe stripes");
  line.options()("model", po::value<std::string>(), "a name of `heddle list`, memory, or result")(
      "json", po::bool_switch(), "print JSON on standard output");
  line.positional("model", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  if (required(*values, "model", "a model's name") == "memory") {
    const Json memory = config::describe(dram::memory_declaration());
    if ((*values)["json"].as<bool>()) {
      std::cout << Json{{"format", "heddle-description"},
                        {"version", {1, 0}},
                        {"name", "memory"},
                        {"parameters", memory}}
                       .dump(2)
                << "\n";
    } else {
      std::cout << "memory: a DRAM with its controller (format heddle-memory; docs/dram.md)\n\n";
      print_parameters(memory, "  ");
    }
    return 0;
  }
  if (required(*values, "model", "a model's name") == "result") {
    std::cout << ((*values)["json"].as<bool>() ? result::result_schema().dump(1) + "\n"
                                               : result::result_tables());
    return 0;
  }
  const auto& info =
      arch::find_model(models::catalogue(), required(*values, "model", "a model's name"), "heddle describe");
  const Json description = describe_model(info);
  if ((*values)["json"].as<bool>()) {
    std::cout << description.dump(2) << "\n";
    return 0;
  }
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
  return 0;
}

int schema_command(const Arguments& arguments) {
  CommandLine line(
      "heddle schema NAME",
      "Print the JSON Schema (draft-07) of a format: trace, result, memory, or the configuration of a model.",
      "heddle schema stripes");
  line.options()("name", po::value<std::string>(), "trace, result, memory, or a model's name");
  line.positional("name", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(*values, "name", "trace, result, memory or a model's name");
  if (name == "trace") {
    std::cout << embedded::trace_schema;
    return 0;
  }
  if (name == "result") {
    std::cout << result::result_schema().dump(1) << "\n";
    return 0;
  }
  if (name == "memory") {
    Json schema = config::schema_of(dram::memory_declaration());
    schema["$schema"] = "http://json-schema.org/draft-07/schema#";
    schema["title"] = "heddle-memory, kind dram";
    std::cout << schema.dump(2) << "\n";
    return 0;
  }
  std::vector<std::string> names{"trace", "result", "memory"};
  for (const auto& info : models::catalogue()) {
    names.push_back(info.name);
    if (info.name == name) {
      Json schema = arch::accelerator_schema(info);
      schema["properties"]["memory"] = memory::memory_schema();
      std::cout << schema.dump(2) << "\n";
      return 0;
    }
  }
  throw Error(ErrorKind::usage, "heddle schema",
              "there is no schema " + in_quotes(name) + suggestion(name, names));
}

int version_command(const Arguments& arguments) {
  CommandLine line("heddle version [--json]", "Print the version of the program and of its formats.",
                   "heddle version");
  line.options()("json", po::bool_switch(), "print JSON on standard output");
  const auto values = line.parse(arguments);
  if (!values) return 0;
  if ((*values)["json"].as<bool>()) {
    std::cout << Json{{"format", "heddle-version"},
                      {"version", {1, 0}},
                      {"heddle", kVersion},
                      {"trace", {1, 0}},
                      {"configuration", {1, 0}},
                      {"result", {result::kResultVersion.major, result::kResultVersion.minor}},
                      {"results_revision", result::kResultsRevision}}
                     .dump(2)
              << "\n";
  } else {
    std::cout << "heddle " << kVersion << " (trace 1.0, configuration 1.0, result "
              << result::kResultVersion.major << "." << result::kResultVersion.minor << ", results revision "
              << result::kResultsRevision << ")\n";
  }
  return 0;
}

}  // namespace heddle::app
