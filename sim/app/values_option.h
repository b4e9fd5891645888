// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <boost/program_options.hpp>

#include "sim/app/command.h"
#include "sim/trace/trace.h"

namespace heddle::app {

// --values of commands that read a trace, and its effect on the trace that was opened. Throws Error(usage).
void declare_values(CommandLine& line);
void draw_values(trace::Trace& trace, const boost::program_options::variables_map& values);

// What such a command shows of drawn values: lines of a table's heading, and the key `synthetic_values`;
// nothing where all values come from the trace.
std::string synthetic_lines(const trace::Trace& trace);
void add_synthetic(config::Json& document, const trace::Trace& trace);

}  // namespace heddle::app
