// SPDX-License-Identifier: Apache-2.0
#include "sim/app/session.h"

#include <cmath>
#include <iostream>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/app/locate.h"
#include "sim/app/progress.h"
#include "sim/app/waveform.h"
#include "sim/base/error.h"
#include "sim/base/parallel.h"
#include "sim/run/experiment.h"
#include "sim/run/verify.h"

namespace heddle::app {

namespace po = boost::program_options;

namespace {

// Every unit of a bit-true array stands as an object: this many take about a gigabyte.
constexpr std::uint64_t kMostUnits = std::uint64_t{1} << 18;

void check_array(const arch::AcceleratorConfig& config) {
  const std::uint64_t units = config.accelerator->shape().lanes() / arch::kLanes;
  if (units <= kMostUnits) return;
  throw Error(
      ErrorKind::config, config.document.where("/parameters"),
      fmt::format("bit-true takes arrays of up to {} units, this one has {}; \"fidelity\": \"timing\" "
                  "takes any",
                  kMostUnits, units));
}

}  // namespace

void Session::declare(CommandLine& line) {
  line.options()("trace", po::value<std::string>()->default_value(kDefaultTrace),
                 "the network: a trace directory, a tar, or the name of a shipped one")(
      "fidelity", po::value<std::string>(),
      "timing (default), or bit-true: the processing elements also run bit by bit")(
      "verify-fraction", po::value<double>()->default_value(1.0),
      "bit-true: about this share of each layer, a seeded sample")(
      "seed", po::value<std::uint64_t>()->default_value(0), "bit-true: seed of the sample")(
      "vcd", po::value<std::string>(), "bit-true: write a waveform of one tile")(
      "vcd-tile", po::value<std::uint32_t>()->default_value(0), "which tile the waveform shows")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a key of the configuration, path=value; repeatable")(
      "jobs,j", po::value<unsigned>()->default_value(0),
      "threads; 0: all processors. Results never depend on it")(
      "quiet,q", po::bool_switch(), "no progress, no table")("json", po::bool_switch(),
                                                             "print the result as JSON on standard output");
}

Session Session::from(const po::variables_map& values) {
  Session out;
  out.trace = values["trace"].as<std::string>();
  for (const auto& change : texts(values, "set")) out.overrides.push_back(with_shipped_memory(change));
  out.quiet = values["quiet"].as<bool>();
  out.json = values["json"].as<bool>();
  out.threads = values["jobs"].as<unsigned>();
  if (values.count("fidelity") != 0)
    out.overrides.push_back("fidelity=" + values["fidelity"].as<std::string>());
  out.verify_fraction = values["verify-fraction"].as<double>();
  if (!(out.verify_fraction > 0.0 && out.verify_fraction <= 1.0)) {
    throw Error(ErrorKind::usage, "--verify-fraction", "expected a share above 0 and at most 1");
  }
  out.seed = values["seed"].as<std::uint64_t>();
  out.vcd = value_or(values, "vcd", std::string());
  out.vcd_tile = values["vcd-tile"].as<std::uint32_t>();
  return out;
}

std::vector<result::RunRecord> Session::run() const {
  std::vector<arch::AcceleratorConfig> accelerators;
  for (const auto& name : configs)
    accelerators.push_back(arch::read_accelerator(locate_config(name), overrides, models::catalogue()));
  const trace::Trace opened(locate_trace(trace));
  for (const auto& warning : opened.manifest().warnings) std::cerr << "heddle: warning: " << warning << "\n";
  const ThreadLimit limit(threads);
  // SystemC elaborates once: bit-true arrays stand before the engine's simulation starts. They stand until
  // the process ends, for to unregister n modules takes SystemC n^2 steps.
  hw::set_time_resolution();
  static auto& arrays = *new std::vector<std::unique_ptr<hw::BitTrueArray>>;
  for (std::size_t i = 0; i < accelerators.size(); ++i) {
    if (accelerators[i].is_bit_true) check_array(accelerators[i]);
    arrays.push_back(accelerators[i].is_bit_true
                         ? models::build_array(accelerators[i].model->name, *accelerators[i].accelerator,
                                               ("array" + std::to_string(i)).c_str())
                         : nullptr);
  }
  if (!vcd.empty()) check_waveform(accelerators);
  Waveform waveform(vcd);
  if (!vcd.empty()) {
    arrays.front()->choose_traced_tile(vcd_tile);
    arrays.front()->trace_tile(waveform.file());
  }
  Progress progress("counting", quiet);
  run::Options options;
  options.progress = [&](std::size_t done, std::size_t all, const std::string& name) {
    progress.update(done, all, name);
  };
  options.timed = timed;
  auto runs = run::run_network(accelerators, opened, options);
  verify(accelerators, opened, arrays, runs);
  waveform.close();
  return runs;
}

void Session::check_waveform(std::span<const arch::AcceleratorConfig> accelerators) const {
  if (accelerators.size() != 1 || !accelerators.front().is_bit_true)
    throw Error(ErrorKind::usage, "--vcd", "a waveform needs one accelerator and --fidelity bit-true");
  const auto tiles = accelerators.front().accelerator->shape().tiles;
  if (vcd_tile >= tiles)
    throw Error(ErrorKind::usage, "--vcd-tile", "the accelerator has " + std::to_string(tiles) + " tiles");
}

void Session::verify(std::span<const arch::AcceleratorConfig> accelerators, const trace::Trace& opened,
                     std::span<const std::unique_ptr<hw::BitTrueArray>> arrays,
                     std::vector<result::RunRecord>& runs) const {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (arrays[i] == nullptr) continue;
    Progress progress("verifying", quiet);
    run::VerifyOptions options{.fraction = verify_fraction, .seed = seed, .progress = {}};
    options.progress = [&](std::size_t done, std::size_t all, const std::string& name) {
      progress.update(done, all, name);
    };
    runs[i].verification = run::verify_network(*arrays[i], accelerators[i], opened, options);
    runs[i].fidelity = "bit-true";
  }
}

}  // namespace heddle::app
