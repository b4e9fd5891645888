// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/accelerator.h"
#include "sim/hw/bit_true/array.h"
#include "sim/hw/engine/engine.h"
#include "sim/result/record.h"
#include "sim/run/shipped.h"

namespace heddle::run {

// The designs that configurations may name. The caller passes its catalogue, because nothing in sim/run names
// a model. `models` must outlive the process's last experiment.
struct Designs {
  std::span<const arch::ModelInfo> models;
  // The bit-true array of a configured accelerator of this model under a SystemC instance name.
  std::function<std::unique_ptr<hw::BitTrueArray>(const std::string& model,
                                                  const arch::Accelerator& accelerator, const char* name)>
      build_array;
};

// A waveform (VCD) of one tile of a bit-true array.
struct WaveformRequest {
  std::string path;  // empty: no waveform
  std::optional<std::uint32_t> tile;
};

enum class Stage { counting, simulating, verifying };

// The inputs of an experiment: one trace, run on each configuration. An input that is not given has the value
// in the configuration, or the default stated here.
struct ExperimentRequest {
  std::vector<std::string> configurations;  // files, or names of shipped ones
  std::string trace = kDefaultTrace;        // a folder, a tar, or the name of a shipped one
  std::vector<std::string> overrides;       // path=value, for every configuration
  std::string fidelity;                     // overrides the configurations' own; empty: theirs
  std::string values;  // overrides the configurations' own: "trace" or "synthetic..."; empty: theirs
  std::optional<double> verify_fraction;  // bit-true only: share of each layer in (0, 1]; 1 by default
  std::optional<std::uint64_t> seed;      // bit-true only: of the sample; 0 by default
  unsigned threads = 0;                   // 0: all processors. Results never depend on it
  WaveformRequest waveform;
  bool needs_off_chip =
      false;  // configurations without off-chip memory are refused: `timed` reads its transfers

  // A stage begins with done = 0 and an empty item; then follows one call per layer, sample and accelerator,
  // or per off-chip transfer while memories are simulated.
  std::function<void(Stage stage, std::size_t done, std::size_t all, const std::string& item)> progress;
  // Called once per accelerator after the simulation.
  std::function<void(std::size_t accelerator, const hw::Timing& timing)> timed;
};

struct ExperimentResult {
  std::vector<result::RunRecord> runs;  // one per configuration, in order
  std::vector<std::string> warnings;    // about the trace
};

// Runs an experiment: finds the shipped files, reads and checks every configuration before the trace is
// opened, and the trace before a bit-true array is built; counts, simulates, verifies. At most one call per
// process, because SystemC simulates once. Writes nothing but the waveform. Throws Error; an error
// about an input that is an option of the program names that option.
ExperimentResult run_experiment(const ExperimentRequest& request, const Designs& designs);

}  // namespace heddle::run
