// SPDX-License-Identifier: Apache-2.0
#include "sim/result/schema.h"

#include <iostream>
#include <string_view>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/configurations.h"
#include "sim/arch/accelerator_config.h"
#include "sim/dram/device_declaration.h"
#include "sim/memory/memory_config.h"
#include "sim/result/compare.h"

namespace heddle::embedded {
extern const std::string_view trace_schema;
}  // namespace heddle::embedded

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

std::string with_heading(Json schema, std::string_view title) {
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = title;
  return schema.dump(2) + "\n";
}

std::string model_schema(const arch::ModelInfo& model) {
  Json schema = arch::accelerator_schema(model);
  schema["properties"]["memory"] = memory::memory_section_schema();
  return schema.dump(2) + "\n";
}

std::string schema_text(const std::string& name) {
  if (name == "trace") {
    return std::string(embedded::trace_schema);
  }
  if (name == "result") {
    return result::result_schema().dump(1) + "\n";
  }
  if (name == "comparison") {
    return result::comparison_schema().dump(1) + "\n";
  }
  if (name == "memory")
    return with_heading(memory::memory_section_schema(),
                        "section `memory` of a heddle-accelerator configuration");
  if (name == "device")
    return with_heading(config::schema_of(dram::device_declaration()), "heddle-memory, kind dram");
  for (const auto& info : models::catalogue()) {
    if (info.name == name) return model_schema(info);
  }
  if (const auto config = find_configuration(name)) return model_schema(*config->model);
  refuse_name("heddle schema", "schema", name, {"trace", "result", "comparison", "memory", "device"});
}

}  // namespace

int schema_command(const Arguments& arguments) {
  CommandLine line(
      "heddle schema NAME",
      "Print the JSON Schema (draft-07) of a trace, a result, a comparison, the configuration of a "
      "model, its section `memory`, or a memory device.",
      "heddle schema stripes");
  line.options()(
      "name", po::value<std::string>(),
      "trace, result, comparison, memory, device, or the name of a model or of a configuration of it");
  line.positional("name", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string name = required(
      *values, "name", "trace, result, comparison, memory, device or the name of a model or configuration");
  std::cout << schema_text(name);
  return 0;
}

}  // namespace heddle::app
