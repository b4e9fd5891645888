// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/config/json_document.h"
#include "sim/run/run_experiment.h"

namespace heddle::app {

// What became of an experiment in a process of its own: a result or an error.
struct Outcome {
  std::optional<config::Json> result;
  std::vector<std::string> warnings;
  std::optional<Error> error;
};

// Runs an experiment of one configuration in a child process: SystemC simulates once per process, and a run
// that fails, or runs out of memory, takes nothing else down. Shows progress under `title` unless `quiet`. To
// be called while this process has no other threads. Throws Error(io) where no process can be made.
Outcome run_apart(const run::ExperimentRequest& request, const std::string& title, bool quiet);

}  // namespace heddle::app
