// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string_view>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/dram/parameters.h"
#include "sim/memory/memory_config.h"

namespace heddle::embedded {
extern const std::string_view trace_schema;
extern const std::string_view result_schema;
}  // namespace heddle::embedded

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

std::string schema_text(const std::string& name) {
  if (name == "trace") {
    return std::string(embedded::trace_schema);
  }
  if (name == "result") {
    return std::string(embedded::result_schema);
  }
  if (name == "memory") {
    Json schema = config::schema_of(dram::memory_declaration());
    schema["$schema"] = "http://json-schema.org/draft-07/schema#";
    schema["title"] = "heddle-memory, kind dram";
    return schema.dump(2) + "\n";
  }
  std::vector<std::string> names{"trace", "result", "memory"};
  for (const auto& info : models::catalogue()) {
    names.push_back(info.name);
    if (info.name == name) {
      Json schema = arch::accelerator_schema(info);
      schema["properties"]["memory"] = memory::memory_schema();
      return schema.dump(2) + "\n";
    }
  }
  throw Error(ErrorKind::usage, "heddle schema",
              "there is no schema " + in_quotes(name) + suggestion(name, names));
}

}  // namespace

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
  std::cout << schema_text(name);
  return 0;
}

}  // namespace heddle::app
