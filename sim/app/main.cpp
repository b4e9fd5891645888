// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <systemc>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/version.h"

namespace heddle::app {
namespace {

constexpr std::array kCommands{
    Command{"run", "simulate a network on an accelerator", run_command},
    Command{"compare", "accelerators side by side: speed-up and traffic, per layer and in total",
            compare_command},
    Command{"schedule", "how a design packs weights ahead of time: columns before and after, slots, moves",
            schedule_command},
    Command{"dram", "run a trace of memory requests on a DRAM alone", dram_command},
    Command{"trace", "look at, check and import traces: info, validate, stats, import", trace_command},
    Command{"potential", "work left by zero skipping, precision and terms: upper bounds without structure",
            potential_command},
    Command{"reproduce", "the papers' comparisons beside ours, with the assumptions", reproduce_command},
    Command{"list", "models, configurations and traces that are shipped", list_command},
    Command{"describe", "parameters of a model: unit, default, range, source", describe_command},
    Command{"schema", "JSON Schema of a format", schema_command},
    Command{"version", "version of the program and of its formats", version_command},
};

void print_help(std::ostream& out) {
  out << "heddle " << kVersion
      << ": cycle-level simulation of DNN accelerators whose speed follows precision\n\n"
      << "usage: heddle COMMAND [arguments]   (heddle COMMAND --help)\n\n";
  for (const auto& command : kCommands) {
    out << "  " << command.name << std::string(12 - std::string(command.name).size(), ' ') << command.summary
        << "\n";
  }
  out << "\n  -h, --help     this text\n  -V, --version  the same as the command version\n";
  out << "\nexample:\n  heddle compare dadn stripes --trace digits-16b\n";
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_help(std::cerr);
    return 2;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(std::cout);
    return 0;
  }
  if (name == "--version" || name == "-V") return version_command({arguments.begin() + 1, arguments.end()});
  std::vector<std::string> names;
  for (const auto& command : kCommands) {
    if (name == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  throw Error(ErrorKind::usage, "heddle", "unknown command " + in_quotes(name) + suggestion(name, names));
}

int guarded(const std::vector<std::string>& arguments) {
  try {
    const int code = dispatch(arguments);
    std::cout.flush();
    if (!std::cout) throw Error(ErrorKind::io, "standard output", "cannot write");
    return code;
  } catch (const Error& e) {
    std::cerr << "heddle: " << (e.kind() == ErrorKind::internal ? "internal error: " : "error: ") << e.what()
              << "\n";
    return e.exit_code();
  } catch (const std::bad_alloc&) {
    std::cerr << "heddle: error: out of memory\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "heddle: internal error: " << e.what() << "\n";
    return 3;
  }
}

}  // namespace
}  // namespace heddle::app

// SystemC's main() calls this after its own set-up. Its remarks would end up within our output.
int sc_main(int argc, char* argv[]) {
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_THROW);
  return heddle::app::guarded({argv + 1, argv + argc});
}

// Our own main() only silences SystemC's banner, because standard error is for messages to the user.
int main(int argc, char* argv[]) {
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
