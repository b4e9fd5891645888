// SPDX-License-Identifier: Apache-2.0
#include "sim/app/session.h"

#include <iostream>

#include "models/catalogue.h"
#include "sim/app/locate.h"
#include "sim/app/progress.h"
#include "sim/arch/parallel.h"
#include "sim/run/experiment.h"

namespace heddle::app {

namespace po = boost::program_options;

void Session::declare(CommandLine& line) {
  line.options()("trace", po::value<std::string>()->default_value(kDefaultTrace),
                 "the network: a trace directory, a tar, or the name of a shipped one")(
      "set", po::value<std::vector<std::string>>()->composing(), "override a key of the configuration, path=value; repeatable")(
      "jobs,j", po::value<unsigned>()->default_value(0), "threads; 0: all processors. Results never depend on it")(
      "quiet,q", po::bool_switch(), "no progress, no table")("json", po::bool_switch(), "print the result as JSON on standard output");
}

Session Session::from(const po::variables_map& values) {
  Session out;
  out.trace = values["trace"].as<std::string>();
  out.overrides = texts(values, "set");
  out.quiet = values["quiet"].as<bool>();
  out.json = values["json"].as<bool>();
  out.threads = values["jobs"].as<unsigned>();
  return out;
}

std::vector<result::RunRecord> Session::run() const {
  std::vector<arch::AcceleratorConfig> accelerators;
  for (const auto& name : configs) accelerators.push_back(arch::read_accelerator(locate_config(name), overrides, models::catalogue()));
  const workload::Trace opened(locate_trace(trace));
  for (const auto& warning : opened.manifest().warnings) std::cerr << "heddle: warning: " << warning << "\n";
  const arch::ThreadLimit limit(threads);
  Progress progress("counting", quiet);
  run::Options options;
  options.progress = [&](std::size_t done, std::size_t all, const std::string& name) { progress.update(done, all, name); };
  return run::run_network(accelerators, opened, options);
}

}  // namespace heddle::app
