// SPDX-License-Identifier: Apache-2.0
#include "sim/app/experiment_options.h"

#include <iostream>
#include <optional>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/app/progress.h"

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
  return stage == run::Stage::counting ? "counting" : "verifying";
}

}  // namespace

void declare_experiment(CommandLine& line) {
  line.options()("trace", po::value<std::string>()->default_value(run::kDefaultTrace),
                 "the network: a trace directory, a tar, or the name of a shipped one")(
      "fidelity", po::value<std::string>(),
      "timing (default), or bit-true: the processing elements also run bit by bit")(
      "verify-fraction", po::value<double>()->default_value(1.0),
      "bit-true: about this share of each layer, chosen by --seed")(
      "seed", po::value<std::uint64_t>()->default_value(0),
      "bit-true: seed of the choice of passes and window sets")("vcd", po::value<std::string>(),
                                                                "bit-true: write a waveform of one tile")(
      "vcd-tile", po::value<std::uint32_t>()->default_value(0), "which tile the waveform shows")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a key of the configuration, path=value; repeatable")(
      "jobs,j", po::value<unsigned>()->default_value(0),
      "threads; 0: all processors. Results never depend on the number")(
      "quiet,q", po::bool_switch(), "no progress, no table")("json", po::bool_switch(),
                                                             "print the result as JSON on standard output");
}

run::ExperimentRequest experiment_from(const po::variables_map& values) {
  run::ExperimentRequest out;
  out.trace = values["trace"].as<std::string>();
  out.overrides = texts(values, "set");
  out.fidelity = value_or(values, "fidelity", std::string());
  out.verify_fraction = given<double>(values, "verify-fraction");
  out.seed = given<std::uint64_t>(values, "seed");
  out.threads = values["jobs"].as<unsigned>();
  out.waveform = {value_or(values, "vcd", std::string()), given<std::uint32_t>(values, "vcd-tile")};
  return out;
}

std::string first_experiment_option(const po::variables_map& values) {
  for (const char* name : {"trace", "fidelity", "verify-fraction", "seed", "vcd", "vcd-tile", "set"}) {
    if (is_given(values, name)) return std::string("--") + name;
  }
  return {};
}

std::vector<result::RunRecord> run_showing_progress(run::ExperimentRequest request, bool quiet) {
  std::optional<Progress> bar;
  request.progress = [&](run::Stage stage, std::size_t done, std::size_t all, const std::string& item) {
    if (done == 0) bar.emplace(title_of(stage), quiet);
    bar->update(done, all, item);
  };
  auto result = run::run_experiment(request, {models::catalogue(), models::build_array});
  for (const auto& warning : result.warnings) std::cerr << "heddle: warning: " << warning << "\n";
  return std::move(result.runs);
}

}  // namespace heddle::app
