// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/import/dnnsim.h"
#include "sim/import/scalesim.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;

int import_dnnsim(const Arguments& arguments) {
  CommandLine line(
      "heddle trace import dnnsim DIR --network NAME [--values auto|integers|fixed|linear] [--width BITS] -o "
      "TRACE",
      "Make a trace of DNNsim's files: DIR/models/NAME and DIR/net_traces/NAME. Every image of every batch "
      "becomes a sample.",
      "heddle trace import dnnsim ~/DNNsim --network bvlc_alexnet -o alexnet.trace");
  line.options()("folder", po::value<std::string>(), "the folder that holds models and net_traces")(
      "network", po::value<std::string>(), "name of the network's folders")(
      "values", po::value<std::string>()->default_value("auto"),
      "how numbers become codes: integers as they are; fixed by precision.txt; linear, symmetric to the "
      "width; auto: integers "
      "where a tensor holds nothing else, else fixed with and linear without precision.txt")(
      "width", po::value<unsigned>()->default_value(16), "bits of the container, 2 to 16")(
      "output,o", po::value<std::string>(), "the trace to write, a folder that does not exist yet");
  line.positional("folder", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  importers::DnnsimImport import{.folder = required(*values, "folder", "a folder of DNNsim files"),
                                 .network = required(*values, "network", "--network NAME"),
                                 .width = (*values)["width"].as<unsigned>()};
  const std::string mode = (*values)["values"].as<std::string>();
  const auto named = importers::dnnsim_values_named(mode);
  if (!named) {
    const std::vector<std::string> known{"auto", "integers", "fixed", "linear"};
    throw Error(ErrorKind::usage, "--values", "unknown word " + in_quotes(mode) + suggestion(mode, known));
  }
  import.values = *named;
  const std::string trace = required(*values, "output", "-o TRACE");
  const auto summary = importers::import_dnnsim(import, trace);
  std::cout << fmt::format("{}: {} layer{}, {} sample{}\n", trace, summary.layers,
                           summary.layers == 1 ? "" : "s", summary.samples, summary.samples == 1 ? "" : "s");
  return 0;
}

int import_scalesim(const Arguments& arguments) {
  CommandLine line("heddle trace import scalesim FILE -o TRACE",
                   "Make a trace of a SCALE-Sim topology: shapes, and the precisions that lines state after "
                   "their last comma (Pa=9 Pw=11; 16 bits where a line states none).",
                   "heddle trace import scalesim topologies/conv_nets/alexnet.csv -o alexnet.trace");
  line.options()("file", po::value<std::string>(), "a topology of convolutions or of matrix products")(
      "output,o", po::value<std::string>(), "the trace to write, a folder that does not exist yet");
  line.positional("file", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string file = required(*values, "file", "a topology file");
  const std::string trace = required(*values, "output", "-o TRACE");
  const auto topology = importers::import_scalesim(file, trace);
  std::cout << fmt::format("{}: {} {}, shapes only\n", trace, topology.layers.size(),
                           topology.layers.size() == 1 ? "layer" : "layers");
  for (const auto& text : topology.assumptions) std::cout << "  assumption: " << text << "\n";
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < std::min(kShown, topology.notes.size()); ++i)
    std::cout << "  note: " << topology.notes[i] << "\n";
  if (topology.notes.size() > kShown)
    std::cout << fmt::format("  and {} more {}\n", topology.notes.size() - kShown,
                             topology.notes.size() - kShown == 1 ? "note" : "notes");
  return 0;
}

}  // namespace

int trace_import_command(const Arguments& arguments) {
  const std::vector<std::string> formats{"dnnsim", "scalesim"};
  if (arguments.empty())
    throw Error(ErrorKind::usage, "heddle trace import", "expected one of dnnsim, scalesim");
  if (arguments.front() == "--help" || arguments.front() == "-h") {
    std::cout
        << "usage: heddle trace import dnnsim|scalesim ... -o TRACE   (heddle trace import FORMAT --help)\n"
           "\nexample:\n  heddle trace import scalesim topologies/conv_nets/alexnet.csv -o alexnet.trace\n";
    return 0;
  }
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (arguments.front() == "dnnsim") return import_dnnsim(rest);
  if (arguments.front() == "scalesim") return import_scalesim(rest);
  throw Error(ErrorKind::usage, "heddle trace import",
              "unknown format " + in_quotes(arguments.front()) + suggestion(arguments.front(), formats));
}

}  // namespace heddle::app
