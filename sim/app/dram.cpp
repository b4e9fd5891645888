// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/progress.h"
#include "sim/base/error.h"
#include "sim/base/mapped_file.h"
#include "sim/config/compose.h"
#include "sim/config/override.h"
#include "sim/dram/request_trace.h"
#include "sim/dram/trace_run.h"
#include "sim/run/shipped.h"

namespace heddle::app {

namespace po = boost::program_options;

namespace {

constexpr std::uint64_t kMostRequestBytes = std::uint64_t{1} << 24;  // of one line of a trace

dram::MemoryConfiguration read_device(const std::filesystem::path& file,
                                      const std::vector<std::string>& overrides) {
  const auto read = [&](std::span<const std::string> some) {
    return dram::read_device(config::compose(file, some, run::shipped_files(), "device"));
  };
  try {
    return read(overrides);
  } catch (const Error& e) {
    throw config::at_the_options(e, overrides, read);
  }
}

// In kilobytes of the trace.
dram::TraceReport run_showing_progress(const dram::MemoryConfiguration& memory, dram::TraceReader& reader,
                                       dram::TraceRunOptions options, bool quiet) {
  constexpr std::size_t kUnit = 1000;
  Progress bar("reading requests", quiet);
  const std::size_t bytes = reader.bytes_left();
  options.progress = [&](std::uint64_t left) {
    bar.update((bytes - left) / kUnit, bytes / kUnit, "kB of the trace");
  };
  return dram::run_request_trace(memory.parameters, reader, options);
}

}  // namespace

int dram_command(const Arguments& arguments) {
  CommandLine line(
      "heddle dram MEMORY --trace FILE [--set path=value ...] [options]",
      "Run a trace of memory requests to completion on a DRAM alone. A line reads 0xADDR READ|WRITE CYCLE\n"
      "(DRAMsim3) or CYCLE: read|write 0xADDR (DRAMSys), as heddle run --dram-trace writes them.\n"
      "`cycles` are clocks of the memory from the cycle of the first request to the end of the last data "
      "word.",
      "heddle dram ddr4_3200_8gb_x8 --trace requests.trace --set controller.queue_depth=64");
  line.options()("memory", po::value<std::string>(), "a memory configuration, or the name of a shipped one")(
      "trace", po::value<std::string>(), "requests, in the form of DRAMsim3 or of DRAMSys")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a key of the configuration: controller.ranks=2")(
      "request-bytes", po::value<std::uint64_t>()->default_value(0),
      "bytes of a request, cut into bursts (0: one burst)")(
      "quiet,q", po::bool_switch(), "no progress, no report")("json", po::bool_switch(),
                                                              "print JSON on standard output");
  line.positional("memory", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto file = run::find_memory_device(required(*values, "memory", "a memory configuration"));
  const std::string trace_name = required(*values, "trace", "--trace FILE");
  const auto memory = read_device(file, texts(*values, "set"));
  const bool quiet = (*values)["quiet"].as<bool>();
  dram::TraceRunOptions options{.request_bytes = (*values)["request-bytes"].as<std::uint64_t>()};
  if (options.request_bytes > kMostRequestBytes) {
    throw Error(ErrorKind::usage, "--request-bytes",
                fmt::format("expected 0 to {}, found {}", kMostRequestBytes, options.request_bytes));
  }

  const MappedFile trace(trace_name);
  const auto bytes = trace.bytes();
  dram::TraceReader reader({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, trace_name);
  const auto report = run_showing_progress(memory, reader, std::move(options), quiet);
  if ((*values)["json"].as<bool>()) {
    std::cout << dram::to_json(report, memory).dump(2) << "\n";
  } else if (!quiet) {
    std::cout << dram::to_text(report, memory);
  }
  return 0;
}

}  // namespace heddle::app
