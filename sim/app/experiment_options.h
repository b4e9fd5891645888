// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "sim/app/command.h"
#include "sim/run/run_experiment.h"

namespace heddle::app {

// The options that `run` and `compare` share; `compare` takes several traces.
enum class Traces { one, several };
void declare_experiment(CommandLine& line, Traces traces = Traces::one);

// Of --trace.
std::vector<std::string> traces_of(const boost::program_options::variables_map& values);

// The request that the options state, without configurations.
run::ExperimentRequest experiment_from(const boost::program_options::variables_map& values);

// The first option of an experiment on the command line, such as "--trace"; empty when there is none. Options
// about threads and output do not count.
std::string first_experiment_option(const boost::program_options::variables_map& values);

// Runs the request on the shipped designs, with a progress bar for each stage, under its name behind `title`.
run::ExperimentResult experiment_showing_progress(run::ExperimentRequest request, const std::string& title,
                                                  bool quiet);
// Runs the request on the shipped designs, with a progress bar unless `quiet`. Warnings go to standard error.
std::vector<result::RunRecord> run_showing_progress(run::ExperimentRequest request, bool quiet);

}  // namespace heddle::app
