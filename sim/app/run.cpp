// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "sim/app/commands.h"
#include "sim/app/experiment_options.h"
#include "sim/app/output.h"
#include "sim/base/atomic_file.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/run/timeline.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;

std::string heading(const result::RunRecord& run) {
  std::string text =
      fmt::format("{} ({}) on {}, {} sample{}, {} fidelity{}\n", run.accelerator.name, run.accelerator.model,
                  run.network.name, run.samples.size(), run.samples.size() == 1 ? "" : "s", run.fidelity,
                  run.network.synthetic_values ? ", synthetic values" : "");
  text += fmt::format("peak: {} MACs per cycle of {} x {} bits, {:.4g} TOPS\n",
                      result::grouped_figure(run.peak_macs_per_cycle), run.container_bits, run.container_bits,
                      run.peak_tops());
  for (const auto& change : run.accelerator.changes.value_or(std::vector<std::string>()))
    text += "  changed: " + result::in_one_line(change) + "\n";
  for (const auto& note : run.notes) text += "  note: " + note + "\n";
  return text;
}

// The bandwidth as `heddle dram` shows it.
std::string off_chip_summary(const result::RunRecord& run) {
  const result::OffChipTotals& off_chip = run.memory.value().off_chip;
  const std::uint64_t bytes = (off_chip.read + off_chip.written).count();
  std::string text =
      fmt::format("off chip: {} bytes, {:.3f} GB/s", result::grouped(bytes), off_chip.bandwidth_gb_per_s);
  if (off_chip.peak_bandwidth_gb_per_s) {
    text += fmt::format(" of {:.3f} ({:.1f} %)", *off_chip.peak_bandwidth_gb_per_s,
                        100 * *off_chip.bandwidth_fraction_of_peak);
  }
  if (off_chip.dram) {
    const result::DramCommands& commands = off_chip.dram->commands;
    text += fmt::format(", {} bursts with {} row hits",
                        result::grouped(commands.read_bursts + commands.write_bursts),
                        result::grouped(commands.row_hits));
  }
  return text + "\n";
}

std::string summary(const result::RunRecord& run) {
  const auto totals = run.totals();
  const double time_us = static_cast<double>(totals.cycles.count()) / run.frequency_mhz;
  std::string text = fmt::format("{} cycles = {} us at {:g} MHz\n", result::grouped(totals.cycles.count()),
                                 result::grouped(time_us, 3), run.frequency_mhz);
  if (run.memory) text += off_chip_summary(run);
  if (run.verification) {
    text += fmt::format("bit-true: {} outputs equal integer arithmetic, cycles equal the counting path\n",
                        result::grouped(run.verification->outputs));
  }
  return text;
}

// Makes the experiment write --dram-trace at the end of the simulation.
void write_requests(const po::variables_map& values, run::ExperimentRequest& request) {
  if (values.count("dram-trace") == 0) {
    if (!values["dram-trace-form"].defaulted())
      throw Error(ErrorKind::usage, "--dram-trace-form", "there is no file without --dram-trace");
    return;
  }
  const auto form = values["dram-trace-form"].as<std::string>();
  if (form != "dramsim3" && form != "dramsys") {
    throw Error(ErrorKind::usage, "--dram-trace-form",
                "expected dramsim3 or dramsys, found " + in_quotes(form));
  }
  const std::filesystem::path file = values["dram-trace"].as<std::string>();
  request.needs_off_chip = true;
  request.timed = [=](std::size_t, const hw::Timing& timing) {
    write_atomically(file, run::request_trace(timing, form == "dramsys" ? run::TraceForm::dramsys
                                                                        : run::TraceForm::dramsim3));
  };
}

void check_outputs(const po::variables_map& values) {
  if (values.count("out") != 0) check_output_folder("--out", values["out"].as<std::string>());
  for (const char* name : {"dram-trace", "vcd"}) {
    if (values.count(name) != 0) check_output_file(std::string("--") + name, values[name].as<std::string>());
  }
}

void print(const result::RunRecord& run, const std::string& folder) {
  std::cout << heading(run) << "\n" << result::to_table(run) << "\n";
  const std::string memory = result::to_memory_table(run);
  if (!memory.empty()) std::cout << memory << "\n";
  std::cout << summary(run);
  if (!folder.empty()) std::cout << "written: " << folder << "/result.json, layers.csv\n";
}

void declare(CommandLine& line) {
  line.options()("config", po::value<std::string>(),
                 "the accelerator: a configuration file, or the name of a shipped one")(
      "out,o", po::value<std::string>(), "folder for result.json and layers.csv; made if it is missing")(
      "dram-trace", po::value<std::string>(),
      "file for the off-chip requests, one per line, for DRAM simulators")(
      "dram-trace-form", po::value<std::string>()->default_value("dramsim3"),
      "dramsim3 (0xADDR READ|WRITE CYCLE) or dramsys (CYCLE: read|write 0xADDR)");
  declare_experiment(line);
  line.positional("config", 1);
}

}  // namespace

int run_command(const Arguments& arguments) {
  CommandLine line("heddle run CONFIG [--trace TRACE] [options]", "Simulate a network on an accelerator.",
                   "heddle run stripes --trace digits-16b --set parameters.tiles=4 --out out/stripes");
  declare(line);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  auto request = experiment_from(*values);
  request.configurations = {required(*values, "config", "a configuration")};
  write_requests(*values, request);
  check_outputs(*values);
  const bool quiet = (*values)["quiet"].as<bool>();
  const auto runs = run_showing_progress(request, quiet);
  const std::string folder = value_or(*values, "out", std::string());
  if (values->count("out") != 0) write_result_folder(folder, runs.front());
  if ((*values)["json"].as<bool>()) {
    std::cout << result::to_json(runs.front()).dump(2) << "\n";
  } else if (!quiet) {
    print(runs.front(), folder);
  }
  return 0;
}

}  // namespace heddle::app
