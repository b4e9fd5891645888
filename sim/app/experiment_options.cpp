// SPDX-License-Identifier: Apache-2.0
#include "sim/app/experiment_options.h"

#include <iostream>
#include <optional>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/app/progress.h"
#include "sim/app/values_option.h"

namespace heddle::app {

namespace po = boost::program_options;

namespace {

bool is_given(const po::variables_map& values, const char* name) {
  return values.count(name) != 0 && !values[name].defaulted();
}

// Nothing where the option has its default: an input that is not given is not refused.
template <class T>
std::optional<T> given(const po::variables_map& values, const char* name) {
  return is_given(values, name) ? std::optional<T>(values[name].as<T>()) : std::nullopt;
}

const char* title_of(run::Stage stage) {
  switch (stage) {
    case run::Stage::counting:
      return "counting layers";
    case run::Stage::simulating:
      return "simulating transfers";
    case run::Stage::verifying:
      break;
  }
  return "verifying layers";
}

}  // namespace

void declare_experiment(CommandLine& line, Traces traces) {
  using Names = std::vector<std::string>;
  if (traces == Traces::one) {
    line.options()("trace", po::value<std::string>()->default_value(run::kDefaultTrace),
                   "the network: a trace directory, a tar, or the name of a shipped one");
  } else {
    line.options()(
        "trace",
        po::value<Names>()->composing()->default_value(Names{run::kDefaultTrace}, run::kDefaultTrace),
        "the network: a trace directory, a tar, or the name of a shipped one; repeatable: every "
        "network in turn, and the geometric mean over them");
  }
  declare_values(line);
  line.options()("fidelity", po::value<std::string>(),
                 "timing (default), or bit-true: the processing elements also run bit by bit")(
      "verify-fraction", po::value<double>()->default_value(1.0),
      "bit-true: about this share of each layer, chosen by --seed")(
      "seed", po::value<std::uint64_t>()->default_value(0),
      "bit-true: seed of the choice of passes and window sets")("vcd", po::value<std::string>(),
                                                                "bit-true: write a waveform of one tile")(
      "vcd-tile", po::value<std::uint32_t>()->default_value(0), "which tile the waveform shows")(
      "set", po::value<std::vector<std::string>>()->composing(),
      traces == Traces::one
          ? "override a key of the configuration, path=value; repeatable"
          : "path=value overrides a key of every configuration that is run, NAME:path=value of one: NAME is "
            "an "
            "argument as it was given, the name of its file, or its position from 1; repeatable")(
      "jobs,j", po::value<unsigned>()->default_value(0),
      "threads; 0: all processors. Results never depend on the number")(
      "quiet,q", po::bool_switch(), "no progress, no table")("json", po::bool_switch(),
                                                             "print the result as JSON on standard output");
}

std::vector<std::string> traces_of(const po::variables_map& values) {
  const auto* one = boost::any_cast<std::string>(&values["trace"].value());
  return one != nullptr ? std::vector<std::string>{*one} : values["trace"].as<std::vector<std::string>>();
}

run::ExperimentRequest experiment_from(const po::variables_map& values) {
  run::ExperimentRequest out;
  out.trace = traces_of(values).front();
  out.overrides = texts(values, "set");
  for (const char* option : {"fidelity", "values"}) {
    if (values.count(option) != 0 && values[option].as<std::string>().empty())
      throw Error(ErrorKind::usage, std::string("--") + option, "expected a value, found nothing");
  }
  out.fidelity = value_or(values, "fidelity", std::string());
  out.values = value_or(values, "values", std::string());
  out.verify_fraction = given<double>(values, "verify-fraction");
  out.seed = given<std::uint64_t>(values, "seed");
  out.threads = values["jobs"].as<unsigned>();
  out.waveform = {value_or(values, "vcd", std::string()), given<std::uint32_t>(values, "vcd-tile")};
  return out;
}

std::string first_experiment_option(const po::variables_map& values) {
  for (const char* name :
       {"trace", "fidelity", "values", "verify-fraction", "seed", "vcd", "vcd-tile", "set"}) {
    if (is_given(values, name)) return std::string("--") + name;
  }
  return {};
}

run::ExperimentResult experiment_showing_progress(run::ExperimentRequest request, const std::string& title,
                                                  bool quiet) {
  std::optional<Progress> bar;
  request.progress = [&](run::Stage stage, std::size_t done, std::size_t all, const std::string& item) {
    if (done == 0) bar.emplace(title + title_of(stage), quiet);
    bar->update(done, all, item);
  };
  return run::run_experiment(request, {models::catalogue(), models::build_array});
}

std::vector<result::RunRecord> run_showing_progress(run::ExperimentRequest request, bool quiet) {
  auto result = experiment_showing_progress(std::move(request), "", quiet);
  for (const auto& warning : result.warnings) std::cerr << "heddle: warning: " << warning << "\n";
  return std::move(result.runs);
}

}  // namespace heddle::app
