// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "sim/app/command.h"
#include "sim/app/trace_verbs.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/config/json_document.h"
#include "sim/run/shipped.h"
#include "sim/trace/validate.h"

namespace heddle::app {

namespace po = boost::program_options;
using config::Json;

std::optional<po::variables_map> parse_trace_verb(const std::string& verb, const std::string& summary,
                                                  const Arguments& arguments) {
  CommandLine line("heddle trace " + verb + " TRACE [--json]", summary,
                   "heddle trace " + verb + " digits-16b");
  line.options()("trace", po::value<std::string>(), "a trace directory, a tar, or the name of a shipped one")(
      "json", po::bool_switch(), "print JSON on standard output");
  line.positional("trace", 1);
  return line.parse(arguments);
}

int trace_validate(const Arguments& arguments) {
  const auto values = parse_trace_verb(
      "validate", "Check a trace: schema, digests, shapes, ranges, expected accumulators.", arguments);
  if (!values) return 0;
  const auto path = run::find_trace(required(*values, "trace", "a trace"));
  const auto warnings = trace::validate_trace(path);
  if ((*values)["json"].as<bool>()) {
    std::cout << Json{{"format", "heddle-validation"},
                      {"version", {1, 0}},
                      {"valid", true},
                      {"warnings", warnings}}
                     .dump(2)
              << "\n";
    return 0;
  }
  for (const auto& warning : warnings) std::cout << "warning: " << warning << "\n";
  std::cout << path.string() << ": valid\n";
  return 0;
}

int trace_command(const Arguments& arguments) {
  const std::vector<std::string> verbs{"info", "validate", "stats", "import"};
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h") {
    std::cout << "usage: heddle trace info|validate|stats TRACE [--json]   (heddle trace VERB --help)\n"
                 "       heddle trace import dnnsim|scalesim ... -o TRACE\n\n"
                 "example:\n  heddle trace info digits-16b\n";
    if (arguments.empty())
      throw Error(ErrorKind::usage, "heddle trace", "expected one of info, validate, stats, import");
    return 0;
  }
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (arguments.front() == "info") return trace_info(rest);
  if (arguments.front() == "validate") return trace_validate(rest);
  if (arguments.front() == "stats") return trace_stats(rest);
  if (arguments.front() == "import") return trace_import_command(rest);
  throw Error(ErrorKind::usage, "heddle trace",
              "unknown verb " + in_quotes(arguments.front()) + suggestion(arguments.front(), verbs));
}

}  // namespace heddle::app
