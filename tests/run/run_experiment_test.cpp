// SPDX-License-Identifier: Apache-2.0
//
// One experiment as a library call. Each test case runs in a process of its own, because SystemC simulates
// once.
#include "sim/run/run_experiment.h"

#include <filesystem>
#include <map>
#include <stdlib.h>

#include <catch2/catch.hpp>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/base/error.h"

namespace {

using namespace heddle;
using Catch::Contains;

run::Designs designs() {
  ::setenv("HEDDLE_DATA", HEDDLE_SOURCE_DIR, 1);
  return {models::catalogue(), models::build_array};
}

run::ExperimentRequest request(std::vector<std::string> configurations, std::string trace) {
  run::ExperimentRequest out;
  out.configurations = std::move(configurations);
  out.trace = std::move(trace);
  return out;
}

}  // namespace

TEST_CASE(
    "one call runs shipped names and returns records: memory, a bit-true sample, progress and transfers") {
  auto wanted = request({"stripes", "dadn"}, "digits-8b");
  wanted.overrides = {"memory=lpddr4_4267_1mb"};
  wanted.fidelity = "bit-true";
  wanted.verify_fraction = 0.01;
  std::vector<std::string> begun;
  std::size_t transfers = 0;
  wanted.progress = [&](run::Stage stage, std::size_t done, std::size_t, const std::string&) {
    const std::map<run::Stage, const char*> names{{run::Stage::counting, "counting"},
                                                  {run::Stage::simulating, "simulating"},
                                                  {run::Stage::verifying, "verifying"}};
    if (done == 0 && (begun.empty() || begun.back() != names.at(stage))) begun.emplace_back(names.at(stage));
  };
  wanted.timed = [&](std::size_t, const hw::Timing& timing) { transfers += timing.transfers.size(); };
  const auto result = run::run_experiment(wanted, designs());
  REQUIRE(result.runs.size() == 2);
  CHECK(result.warnings.empty());
  CHECK(begun == std::vector<std::string>{"counting", "simulating", "verifying"});
  CHECK(transfers > 0);
  for (const auto& run : result.runs) {
    CHECK(run.fidelity == "bit-true");
    CHECK(run.totals().cycles > Cycles(0));
  }
}

TEST_CASE("bad input is reported before the trace is opened") {
  const auto refused = [](run::ExperimentRequest wanted, const std::string& text) {
    CHECK_THROWS_WITH(run::run_experiment(wanted, designs()), Contains(text));
  };
  auto wanted = request({"stripes"}, "no such trace");
  refused(wanted, "there is no trace 'no such trace'");
  wanted.overrides = {"memory=lpddr4_4267_1mb", "memory.wieght_memory.capacity_bytes=1"};
  refused(wanted, "unknown key 'wieght_memory'");
  wanted.overrides = {"memory=lpddr4_4267_1mb", "memory.off_chip.device.controller.queue_dept=1"};
  refused(wanted, "unknown key 'queue_dept'");
  wanted.overrides = {};
  wanted.seed = 1;
  refused(wanted, "--seed");
  wanted.seed.reset();
  wanted.needs_off_chip = true;
  refused(wanted, "no off-chip memory");
  wanted = request({"loom_1b_group"}, "no such trace");
  wanted.overrides = {"parameters.weight_sync=mean"};
  wanted.fidelity = "bit-true";
  refused(wanted, "--set parameters.weight_sync=mean: /parameters/weight_sync: ");
}

TEST_CASE("a model without elements is refused bit-true before the trace is opened") {
  const run::Designs shipped = designs();
  std::vector<arch::ModelInfo> models(shipped.models.begin(), shipped.models.end());
  for (auto& model : models) {
    CHECK(model.has_elements);
    model.has_elements = false;
  }
  auto wanted = request({"stripes"}, "no such trace");
  const auto refusal = [&] {
    try {
      static_cast<void>(run::run_experiment(wanted, {models, models::build_array}));
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK_THAT(refusal(), Contains("there is no trace"));
  wanted.fidelity = "bit-true";
  CHECK_THAT(refusal(), Contains("--fidelity bit-true: model 'stripes' has no processing elements"));
}

TEST_CASE("a trace without values is refused before an array is built") {
  auto wanted = request({"stripes"}, "alexnet-100");
  wanted.fidelity = "bit-true";
  auto without_arrays = designs();
  without_arrays.build_array = nullptr;
  CHECK_THROWS_WITH(run::run_experiment(wanted, without_arrays), Contains("no samples"));
}
