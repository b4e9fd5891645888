// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace heddle::app {

// One function per subcommand, each in a file of its name.
using Arguments = std::vector<std::string>;

int run_command(const Arguments& arguments);
int compare_command(const Arguments& arguments);
int schedule_command(const Arguments& arguments);
int trace_command(const Arguments& arguments);
int dram_command(const Arguments& arguments);
int trace_import_command(const Arguments& arguments);  // heddle trace import
int potential_command(const Arguments& arguments);
int reproduce_command(const Arguments& arguments);
int list_command(const Arguments& arguments);
int describe_command(const Arguments& arguments);
int schema_command(const Arguments& arguments);
int version_command(const Arguments& arguments);

}  // namespace heddle::app
