// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

namespace heddle::app {

// One subcommand: its row in `heddle --help` and its entry. Returns the exit code; throws Error.
struct Command {
  const char* name;
  const char* summary;
  int (*run)(const std::vector<std::string>& arguments);
};

// Parses the arguments of one subcommand with Boost.Program_options. `--help` prints usage, options and an
// example and makes parse() return nothing. Unknown options name the nearest legal one (Error(usage)).
class CommandLine {
 public:
  CommandLine(std::string usage, std::string summary, std::string example);

  boost::program_options::options_description_easy_init options() { return description_.add_options(); }
  // Declares positional arguments: the option that they fill, and how many (-1: all that are left).
  void positional(const std::string& name, int count) { positional_.add(name.c_str(), count); }
  std::optional<boost::program_options::variables_map> parse(const std::vector<std::string>& arguments);

 private:
  std::string usage_;
  std::string summary_;
  std::string example_;
  boost::program_options::options_description description_;
  boost::program_options::positional_options_description positional_;
};

template <class T>
T value_or(const boost::program_options::variables_map& values, const std::string& name, T fallback) {
  return values.count(name) != 0 ? values[name].as<T>() : fallback;
}
std::string required(const boost::program_options::variables_map& values, const std::string& name,
                     const std::string& what);
std::vector<std::string> texts(const boost::program_options::variables_map& values, const std::string& name);

}  // namespace heddle::app
