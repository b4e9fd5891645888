// SPDX-License-Identifier: Apache-2.0
#include "sim/run/run_experiment.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/parallel.h"
#include "sim/config/override.h"
#include "sim/run/configurations.h"
#include "sim/run/drawn_values.h"
#include "sim/run/network_run.h"
#include "sim/run/verify.h"
#include "sim/run/waveform.h"

namespace heddle::run {
namespace {

using Arrays = std::vector<std::unique_ptr<hw::BitTrueArray>>;

// Every unit of a bit-true array is an object; this number of units takes about a gigabyte.
constexpr std::uint64_t kMostUnits = std::uint64_t{1} << 18;

[[noreturn]] void refuse(const char* option, const std::string& text) {
  throw Error(ErrorKind::usage, option, text);
}

// Whether a bit-true array of this configuration can stand.
void check_array(const arch::AcceleratorConfig& config) {
  if (!config.is_bit_true) return;
  if (!config.model->has_elements) {
    throw Error(ErrorKind::config, config.document.where("/fidelity"),
                fmt::format("model {} has no processing elements, so that it cannot run bit-true; "
                            "\"timing\" counts its cycles",
                            in_quotes(config.model->name)));
  }
  try {
    config.accelerator->require_bit_true();
  } catch (const Error& e) {
    throw arch::at_its_place(e, config.document);
  }
  const std::uint64_t units = config.accelerator->shape().lanes() / arch::kLanes;
  if (units <= kMostUnits) return;
  throw Error(
      ErrorKind::config, config.document.where("/parameters"),
      fmt::format("bit-true takes arrays of up to {} units, this one has {}; \"fidelity\": \"timing\" "
                  "takes any",
                  kMostUnits, units));
}

// Options of verification have a meaning for bit-true runs only. Every input is either read or refused.
void check_verification(const ExperimentRequest& request, bool is_bit_true) {
  const double fraction = request.verify_fraction.value_or(1.0);
  if (!(fraction > 0.0 && fraction <= 1.0))
    refuse("--verify-fraction", "expected a share above 0 and at most 1");
  if (is_bit_true) return;
  constexpr const char* kNothingVerified = "nothing is verified without --fidelity bit-true";
  if (request.verify_fraction) refuse("--verify-fraction", kNothingVerified);
  if (request.seed) refuse("--seed", kNothingVerified);
}

void check_waveform(const WaveformRequest& waveform, std::span<const arch::AcceleratorConfig> accelerators) {
  if (waveform.path.empty()) {
    if (waveform.tile) refuse("--vcd-tile", "there is no waveform without --vcd");
    return;
  }
  if (accelerators.size() != 1 || !accelerators.front().is_bit_true)
    refuse("--vcd", "a waveform needs one accelerator and --fidelity bit-true");
  const auto tiles = accelerators.front().accelerator->shape().tiles;
  if (waveform.tile.value_or(0) >= tiles)
    refuse("--vcd-tile", "the accelerator has " + std::to_string(tiles) + " tiles");
}

// The configurations with --fidelity, which is an override of its own: errors about it name that option.
Configurations read_arrays(const ExperimentRequest& request, std::span<const arch::ModelInfo> models) {
  auto overrides = request.overrides;
  if (!request.fidelity.empty()) {
    config::refuse_beside("--fidelity", "fidelity", request.overrides);
    overrides.push_back("fidelity=" + request.fidelity);
  }
  if (!request.values.empty()) {
    config::refuse_beside("--values", "values", request.overrides);
    check_values(request.values, "--values");
    overrides.push_back("values=" + config::Json(request.values).dump());
  }
  try {
    auto out = read_configurations(request.configurations, overrides, models);
    for (const auto& config : out.accelerators) check_array(config);
    return out;
  } catch (const Error& e) {
    if (request.fidelity.empty() || e.where() != "--set fidelity=" + request.fidelity + ": /fidelity") throw;
    const std::string text = std::string(e.what()).substr(e.where().size() + 2);  // behind "where: "
    throw Error(ErrorKind::usage, "--fidelity " + request.fidelity, text);
  }
}

// Checks everything that can be wrong with a request before its trace is opened.
Configurations read_request(const ExperimentRequest& request, std::span<const arch::ModelInfo> models) {
  auto out = read_arrays(request, models);
  bool is_bit_true = false;
  for (const auto& config : out.accelerators) {
    check_values(config.values, config.document.where("/values"));
    if (config.values != out.accelerators.front().values)
      refuse("--values", "all configurations of an experiment read the same values");
    is_bit_true = is_bit_true || config.is_bit_true;
  }
  check_verification(request, is_bit_true);
  check_waveform(request.waveform, out.accelerators);
  for (const auto& memory : out.memories) {
    if (request.needs_off_chip && memory.off_chip == memory::OffChipKind::none) {
      refuse("--dram-trace",
             "this configuration has no off-chip memory (memory.off_chip), so there are no requests");
    }
  }
  return out;
}

// SystemC elaborates once: bit-true arrays are built before the engine's simulation starts. They are kept
// until the process ends, because SystemC unregisters n modules in O(n^2).
Arrays& build_arrays(std::span<const arch::AcceleratorConfig> accelerators, const Designs& designs) {
  hw::set_time_resolution();
  static auto& arrays = *new Arrays;
  for (std::size_t i = 0; i < accelerators.size(); ++i) {
    const auto& config = accelerators[i];
    const std::string name = "array" + std::to_string(i);
    arrays.push_back(config.is_bit_true
                         ? designs.build_array(config.model->name, *config.accelerator, name.c_str())
                         : nullptr);
  }
  return arrays;
}

void begin(const ExperimentRequest& request, Stage stage) {
  if (request.progress) request.progress(stage, 0, 0, "");
}

// The progress callback of one stage.
auto reporter(const ExperimentRequest& request, Stage stage) {
  return [&request, stage](std::size_t done, std::size_t all, const std::string& item) {
    if (request.progress) request.progress(stage, done, all, item);
  };
}

ExperimentResult run(const ExperimentRequest& request, const Designs& designs) {
  const auto [accelerators, memories] = read_request(request, designs.models);
  trace::Trace trace(find_trace(request.trace));
  draw_values(trace, accelerators.front().values);
  for (const auto& config : accelerators) {
    if (config.is_bit_true) check_verifiable(trace);
  }
  const ThreadLimit limit(request.threads);
  NetworkRun network(accelerators, memories, trace);
  const Arrays& arrays = build_arrays(accelerators, designs);
  Waveform waveform(request.waveform.path);
  if (waveform.file() != nullptr) {
    arrays.front()->trace_tile(waveform.file(), request.waveform.tile.value_or(0));
  }
  ExperimentResult out{{}, trace.manifest().warnings};
  begin(request, Stage::counting);
  out.runs =
      network.run({reporter(request, Stage::counting), reporter(request, Stage::simulating), request.timed});
  if (!request.overrides.empty()) {
    auto changes = request.overrides;
    std::sort(changes.begin(), changes.end());  // the order of the options does not matter
    for (auto& run : out.runs) run.accelerator.changes = changes;
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (arrays[i] == nullptr) continue;
    begin(request, Stage::verifying);
    out.runs[i].verification =
        verify_network(*arrays[i], accelerators[i], trace,
                       {request.verify_fraction.value_or(1.0), request.seed.value_or(0),
                        reporter(request, Stage::verifying)});
    out.runs[i].fidelity = "bit-true";
  }
  waveform.close();
  return out;
}

// Everything of a run that can refuse its inputs before layers are counted.
void plan(const ExperimentRequest& request, const Designs& designs) {
  const auto [accelerators, memories] = read_request(request, designs.models);
  trace::Trace trace(find_trace(request.trace));
  draw_values(trace, accelerators.front().values);
  const NetworkRun network(accelerators, memories, trace);
}

}  // namespace

ExperimentResult run_experiment(const ExperimentRequest& request, const Designs& designs) {
  try {
    return run(request, designs);
  } catch (const Error& e) {
    throw config::at_the_options(e, request.overrides, [&](std::span<const std::string> overrides) {
      ExperimentRequest changed = request;
      changed.overrides.assign(overrides.begin(), overrides.end());
      plan(changed, designs);
    });
  }
}

}  // namespace heddle::run
