// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "sim/app/command.h"
#include "sim/result/record.h"

namespace heddle::app {

// What `run` and `compare` share: the options and the way from configurations to records.
struct Session {
  std::vector<std::string> configs;
  std::string trace;
  std::vector<std::string> overrides;
  bool quiet = false;
  bool json = false;
  unsigned threads = 0;

  static void declare(CommandLine& line);
  static Session from(const boost::program_options::variables_map& values);
  [[nodiscard]] std::vector<result::RunRecord> run() const;
};

// The trace that is used where none is given: the quick start.
inline constexpr const char* kDefaultTrace = "digits-16b";

}  // namespace heddle::app
