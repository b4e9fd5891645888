// SPDX-License-Identifier: Apache-2.0
#include "sim/result/compare.h"

#include <filesystem>
#include <iostream>

#include "sim/app/commands.h"
#include "sim/app/experiment_options.h"
#include "sim/base/error.h"
#include "sim/result/write.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

// Each argument is a result.json, a folder that holds one, or a configuration to be run.
std::filesystem::path result_file(const std::string& argument) {
  std::error_code ignored;
  if (std::filesystem::is_directory(argument, ignored))
    return std::filesystem::path(argument) / "result.json";
  return argument;
}

bool is_result(const std::filesystem::path& file, Json& out) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;
  const auto document = config::read_json(file, {.bytes = std::size_t{256} << 20U, .depth = 64});
  if (!document.root.is_object() || document.root.value("format", Json()) != "heddle-result") return false;
  result::check_result(document.root, file.string());
  out = document.root;
  return true;
}

// The results in the order of the arguments: those that are results are read, the others are run together.
std::vector<Json> results_of(const std::vector<std::string>& items, const po::variables_map& values) {
  auto request = experiment_from(values);
  std::vector<Json> results(items.size());
  std::vector<std::size_t> to_run;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_result(result_file(items[i]), results[i])) continue;
    to_run.push_back(i);
    request.configurations.push_back(items[i]);
  }
  if (to_run.empty()) {
    if (const auto option = first_experiment_option(values); !option.empty())
      throw Error(ErrorKind::usage, option, "nothing is run: every argument is a result");
    return results;
  }
  const auto runs = run_showing_progress(request, values["quiet"].as<bool>());
  for (std::size_t i = 0; i < runs.size(); ++i) results[to_run[i]] = Json(result::to_json(runs[i]));
  return results;
}

void print(const std::vector<Json>& results) {
  const std::string table = result::compare_table(results);  // refuses results that do not belong together
  std::cout << results.front()["network"]["name"].get<std::string>() << ", baseline "
            << results.front()["accelerator"]["name"].get<std::string>() << "\n";
  for (const auto& r : results) {
    if (!r.contains("notes")) continue;
    for (const auto& note : r["notes"]) {
      std::cout << "  note (" << r["accelerator"]["name"].get<std::string>()
                << "): " << note.get<std::string>() << "\n";
    }
  }
  std::cout << "\n" << table;
}

}  // namespace

int compare_command(const Arguments& arguments) {
  CommandLine line("heddle compare A B [...] [options]",
                   "Accelerators side by side; the first is the baseline. Each argument is a configuration "
                   "to run on the trace, or a "
                   "result of `heddle run --out`.",
                   "heddle compare dadn stripes --trace digits-16b");
  line.options()("items", po::value<std::vector<std::string>>(), "configurations or results");
  declare_experiment(line);
  line.positional("items", -1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto items = texts(*values, "items");
  if (items.size() < 2)
    throw Error(ErrorKind::usage, "heddle compare", "expected at least two configurations or results");
  const auto results = results_of(items, *values);
  if ((*values)["json"].as<bool>()) {
    std::cout << result::compare_json(results).dump(2) << "\n";
  } else if (!(*values)["quiet"].as<bool>()) {
    print(results);
  }
  return 0;
}

}  // namespace heddle::app
