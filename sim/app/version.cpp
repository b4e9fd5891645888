// SPDX-License-Identifier: Apache-2.0
#include "sim/base/version.h"

#include <iostream>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/config/json_document.h"
#include "sim/result/document.h"

namespace heddle::app {

namespace po = boost::program_options;
using config::Json;

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
