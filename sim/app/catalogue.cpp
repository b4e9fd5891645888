// SPDX-License-Identifier: Apache-2.0
#include "models/catalogue.h"

#include <iostream>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/locate.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/version.h"
#include "sim/dram/device_declaration.h"
#include "sim/memory/memory_config.h"
#include "sim/result/record.h"

namespace heddle::embedded {
extern const std::string_view trace_schema;
extern const std::string_view result_schema;
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
  return {{"name", info.name},
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
    std::cout << keys.dump(2) << "\n";
    return;
  }
  std::cout << section.name << ": " << section.title << "\n\n";
  print_parameters(keys, "  ");
}

void print_schema(Json schema, std::string_view title) {
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = title;
  std::cout << schema.dump(2) << "\n";
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
    std::cout << Json{{"models", models},
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
      "Show the keys of a model, of the section `memory` of a configuration, or of a memory device: unit, "
      "default, range, source.",
      "heddle describe stripes");
  line.options()("model", po::value<std::string>(), "a model of `heddle list`, memory, or device")(
      "json", po::bool_switch(), "print JSON on standard output");
  line.positional("model", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(*values, "model", "a model's name");
  if (const auto section = find_section(name)) {
    print_section(*section, (*values)["json"].as<bool>());
    return 0;
  }
  const auto& info = arch::find_model(models::catalogue(), name, "heddle describe");
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
  CommandLine line("heddle schema NAME",
                   "Print the JSON Schema (draft-07) of a trace, a result, the configuration of a model, its "
                   "section `memory`, or "
                   "a memory device.",
                   "heddle schema stripes");
  line.options()("name", po::value<std::string>(), "trace, result, memory, device, or a model's name");
  line.positional("name", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(*values, "name", "trace, result, memory, device or a model's name");
  if (name == "trace") {
    std::cout << embedded::trace_schema;
    return 0;
  }
  if (name == "result") {
    std::cout << embedded::result_schema;
    return 0;
  }
  if (name == "memory") {
    print_schema(memory::memory_section_schema(), "section `memory` of a heddle-accelerator configuration");
    return 0;
  }
  if (name == "device") {
    print_schema(config::schema_of(dram::device_declaration()), "heddle-memory, kind dram");
    return 0;
  }
  std::vector<std::string> names{"trace", "result", "memory", "device"};
  for (const auto& info : models::catalogue()) {
    names.push_back(info.name);
    if (info.name == name) {
      Json schema = arch::accelerator_schema(info);
      schema["properties"]["memory"] = memory::memory_section_schema();
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
    std::cout << Json{{"heddle", kVersion},
                      {"trace", {1, 0}},
                      {"configuration", {1, 0}},
                      {"result", {1, 0}},
                      {"results_revision", result::kResultsRevision}}
                     .dump(2)
              << "\n";
  } else {
    std::cout << "heddle " << kVersion << " (trace 1.0, configuration 1.0, result 1.0, results revision "
              << result::kResultsRevision << ")\n";
  }
  return 0;
}

}  // namespace heddle::app
