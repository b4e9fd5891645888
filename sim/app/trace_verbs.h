// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <boost/program_options.hpp>

#include "sim/app/commands.h"

namespace heddle::app {

// One function per verb of `heddle trace`.
int trace_info(const Arguments& arguments);
int trace_validate(const Arguments& arguments);
int trace_stats(const Arguments& arguments);

// The options of a verb that reads a trace and knows --json alone; empty when --help was all.
std::optional<boost::program_options::variables_map> parse_trace_verb(const std::string& verb,
                                                                      const std::string& summary,
                                                                      const Arguments& arguments);

}  // namespace heddle::app
