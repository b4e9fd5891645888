// SPDX-License-Identifier: Apache-2.0
#include "sim/app/values_option.h"

#include "sim/result/json.h"
#include "sim/run/drawn_values.h"

namespace heddle::app {

namespace po = boost::program_options;

void declare_values(CommandLine& line) {
  line.options()(
      "values", po::value<std::string>(),
      "trace (default), or synthetic[:SEED][,zeros=SHARE][,prune=SHARE]: values that the trace does "
      "not have are drawn");
}

void draw_values(trace::Trace& trace, const po::variables_map& values) {
  if (values.count("values") == 0) return;
  const auto text = values["values"].as<std::string>();
  run::check_values(text, "--values");
  run::draw_values(trace, text);
}

std::string synthetic_lines(const trace::Trace& trace) {
  std::string out;
  for (const auto& note : run::synthetic_notes(trace, true)) out += "  note: " + note + "\n";
  return out;
}

void add_synthetic(config::Json& document, const trace::Trace& trace) {
  if (const auto record = run::synthetic_record(trace))
    document["synthetic_values"] = config::Json(result::json_of(*record));
}

}  // namespace heddle::app
