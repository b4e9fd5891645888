// SPDX-License-Identifier: Apache-2.0
#include "sim/result/compare.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <unistd.h>

#include "sim/app/commands.h"
#include "sim/app/compare_items.h"
#include "sim/app/experiment_options.h"
#include "sim/app/output.h"
#include "sim/app/run_apart.h"
#include "sim/base/error.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;

// Results by trace and item, and what could not run.
struct Runs {
  std::vector<std::vector<std::optional<Json>>> results;
  std::vector<result::FailedItem> failed;
  std::optional<Error> first_error;
  bool is_ours = false;  // an error of the program is among them

  void fail(const std::string& item, const std::string& trace, const Error& error) {
    failed.push_back({item, trace, error.what()});
    if (!first_error) first_error = error;
    is_ours = is_ours || error.kind() == ErrorKind::internal;
  }
};

Runs run_all(const std::vector<ComparedItem>& items, const po::variables_map& values) {
  const bool quiet = values["quiet"].as<bool>();
  Runs out;
  std::set<std::string> warnings;
  for (const auto& trace : traces_of(values)) {
    auto& results = out.results.emplace_back();
    for (const auto& item : items) {
      results.push_back(item.result);
      if (item.result) continue;
      auto request = experiment_from(values);
      request.trace = trace;
      request.configurations = {item.argument};
      request.overrides = item.overrides;
      auto outcome = run_apart(request, item.argument + ": ", quiet);
      for (const auto& warning : outcome.warnings) {
        if (warnings.insert(warning).second) std::cerr << "heddle: warning: " << warning << "\n";
      }
      results.back() = std::move(outcome.result);
      if (outcome.error) out.fail(item.argument, trace, as_given(*outcome.error, item));
    }
  }
  return out;
}

// The name of each item's configuration, with its position where several have one name; empty where it never
// ran.
std::vector<std::string> labels_of(const Runs& runs) {
  std::vector<std::string> names(runs.results.front().size());
  for (const auto& results : runs.results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) names[i] = (*results[i])["accelerator"]["name"].get<std::string>();
    }
  }
  auto labels = names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::count(names.begin(), names.end(), names[i]) > 1) labels[i] += " (" + std::to_string(i + 1) + ")";
  }
  return labels;
}

// The first item that ran at all is the baseline; a trace on which it could not run has no comparison.
result::ComparisonDocument document_of(const Runs& runs, const std::vector<std::string>& traces,
                                       const result::CompareOptions& options) {
  const auto labels = labels_of(runs);
  const auto ran_somewhere = [&](std::size_t item) {
    return std::any_of(runs.results.begin(), runs.results.end(),
                       [&](const auto& r) { return r[item].has_value(); });
  };
  std::size_t baseline = 0;
  while (!ran_somewhere(baseline)) ++baseline;
  result::ComparisonDocument out;
  if (baseline > 0) {
    out.notes.push_back("the baseline is " + labels[baseline] + ", because " + runs.failed.front().item +
                        (baseline > 1 ? " and those behind it" : "") + " could not run");
  }
  std::vector<result::TraceComparison> compared;
  for (std::size_t t = 0; t < traces.size(); ++t) {
    if (!runs.results[t][baseline]) {
      out.notes.push_back("nothing is compared on " + traces[t] + ": the baseline could not run");
      continue;
    }
    std::vector<result::LabelledResult> results;
    for (std::size_t i = baseline; i < labels.size(); ++i) {
      if (runs.results[t][i]) results.push_back({labels[i], *runs.results[t][i]});
    }
    compared.push_back(result::compare(results, options));
  }
  if (traces.size() > 1) out.geometric_mean = result::geometric_means(compared);
  out.first = std::move(compared.front());
  compared.erase(compared.begin());
  if (!compared.empty()) out.more_traces = std::move(compared);
  if (!runs.failed.empty()) out.failed = runs.failed;
  return out;
}

void check_options(const std::vector<ComparedItem>& items, const po::variables_map& values) {
  const auto has_result = [](const ComparedItem& item) { return item.result.has_value(); };
  if (std::all_of(items.begin(), items.end(), has_result)) {
    if (const auto option = first_experiment_option(values); !option.empty())
      throw Error(ErrorKind::usage, option, "nothing is run: every argument is a result");
  }
  if (traces_of(values).size() > 1 && std::any_of(items.begin(), items.end(), has_result))
    throw Error(ErrorKind::usage, "--trace", "a result is of one trace: several need configurations only");
  // Each item runs on its own, so that a second would overwrite the waveform of the first.
  if (values.count("vcd") != 0 && items.size() * traces_of(values).size() > 1)
    throw Error(ErrorKind::usage, "--vcd", "a waveform needs one accelerator and --fidelity bit-true");
  const int forms = (values["json"].as<bool>() ? 1 : 0) + (values["csv"].as<bool>() ? 1 : 0) +
                    (values["markdown"].as<bool>() ? 1 : 0);
  if (forms > 1)
    throw Error(ErrorKind::usage, "heddle compare", "expected one of --json, --csv and --markdown");
}

bool shows_table(const po::variables_map& values) {
  return !values["json"].as<bool>() && !values["csv"].as<bool>() && !values["markdown"].as<bool>() &&
         !values["quiet"].as<bool>();
}

void print(const result::ComparisonDocument& comparison, const po::variables_map& values) {
  if (values["json"].as<bool>()) {
    std::cout << result::to_json(comparison).dump(2) << "\n";
  } else if (values["csv"].as<bool>()) {
    std::cout << result::to_csv(comparison);
  } else if (values["markdown"].as<bool>()) {
    std::cout << result::to_markdown(comparison);
  } else if (shows_table(values)) {
    std::cout << result::to_table(comparison);
    if (values.count("out") != 0)
      std::cout << "written: " << values["out"].as<std::string>() << "/comparison.json, .csv, .md\n";
  }
}

void declare(CommandLine& line) {
  line.options()("items", po::value<std::vector<std::string>>(), "configurations or results")(
      "out,o", po::value<std::string>(),
      "folder for comparison.json, comparison.csv and comparison.md; made if it is missing")(
      "csv", po::bool_switch(), "print the comparison as CSV on standard output")(
      "markdown", po::bool_switch(), "print the comparison as Markdown on standard output")(
      "allow-different-traces", po::bool_switch(), "compare the totals of results of different traces")(
      "allow-different-revisions", po::bool_switch(),
      "compare results between which counts changed (results_revision)");
  declare_experiment(line, Traces::several);
  line.positional("items", -1);
}

}  // namespace

int compare_command(const Arguments& arguments) {
  CommandLine line(
      "heddle compare A B [...] [options]",
      "Compare accelerators; the first is the baseline. Each argument is a configuration to run on the "
      "trace, or a result of `heddle run --out`. A speed-up is a ratio of times. A "
      "configuration that cannot run is named, and the others are compared (exit code 1).",
      "heddle compare dadn stripes --trace digits-16b --set stripes:clock.frequency_mhz=500");
  declare(line);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto names = texts(*values, "items");
  if (names.size() < 2)
    throw Error(ErrorKind::usage, "heddle compare", "expected at least two configurations or results");
  const auto changes = texts(*values, "set");
  const auto items = compared_items(names, changes);
  check_options(items, *values);
  if (values->count("out") != 0) check_output_folder("--out", (*values)["out"].as<std::string>());
  const Runs runs = run_all(items, *values);
  const auto traces = traces_of(*values);
  if (runs.failed.size() == names.size() * traces.size()) throw Error(*runs.first_error);
  auto comparison = document_of(
      runs, traces,
      {(*values)["allow-different-traces"].as<bool>(), (*values)["allow-different-revisions"].as<bool>()});
  const auto notes = notes_on_changes(items, changes);
  comparison.notes.insert(comparison.notes.begin(), notes.begin(), notes.end());
  if (values->count("out") != 0) write_comparison_folder((*values)["out"].as<std::string>(), comparison);
  // A table on the same terminal says it too.
  const bool is_shown_twice =
      shows_table(*values) && ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  for (const auto& failed : runs.failed) {
    if (is_shown_twice) break;
    std::cerr << "heddle: error: could not run " << failed.item << " on " << failed.trace << ": "
              << failed.message << "\n";
  }
  print(comparison, *values);
  return runs.is_ours ? 3 : runs.failed.empty() ? 0 : 1;
}

}  // namespace heddle::app
