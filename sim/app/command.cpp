// SPDX-License-Identifier: Apache-2.0
#include "sim/app/command.h"

#include <cstdint>
#include <iostream>
#include <typeinfo>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::app {

namespace po = boost::program_options;

CommandLine::CommandLine(std::string usage, std::string summary, std::string example)
    : usage_(std::move(usage)),
      summary_(std::move(summary)),
      example_(std::move(example)),
      description_("options", 100, 60) {
  description_.add_options()("help,h", "show this text");
}

namespace {

// Boost reads "-5" as an unsigned number that has wrapped around.
void refuse_negative_counts(const po::parsed_options& parsed, const po::options_description& description) {
  for (const auto& option : parsed.options) {
    const auto* declared = description.find_nothrow(option.string_key, false);
    if (declared == nullptr || option.value.empty() || !option.value.front().starts_with('-')) continue;
    const auto* typed = dynamic_cast<const po::typed_value_base*>(declared->semantic().get());
    if (typed == nullptr) continue;
    for (const auto* type : {&typeid(std::uint32_t), &typeid(std::uint64_t)}) {
      if (typed->value_type() == *type)
        throw Error(ErrorKind::usage, "--" + declared->long_name(),
                    "expected a whole number from 0, found " + in_quotes(option.value.front()));
    }
  }
}

// The first argument for which no place is left.
std::string extra_argument(const std::vector<std::string>& arguments,
                           const po::options_description& description, unsigned places, int style) {
  const auto parsed = po::command_line_parser(arguments).options(description).style(style).run();
  for (const auto& option : parsed.options) {
    if (option.position_key < 0 || option.value.empty()) continue;
    if (places == 0) return option.value.front();
    --places;
  }
  return {};
}

}  // namespace

std::optional<po::variables_map> CommandLine::parse(const std::vector<std::string>& arguments) {
  po::variables_map values;
  // With guessing, --fid would mean --fidelity today and could mean something else tomorrow.
  const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    const auto parsed =
        po::command_line_parser(arguments).options(description_).positional(positional_).style(style).run();
    refuse_negative_counts(parsed, description_);
    po::store(parsed, values);
    po::notify(values);
  } catch (const po::unknown_option& e) {
    std::vector<std::string> names;
    for (const auto& option : description_.options()) names.push_back("--" + option->long_name());
    throw Error(ErrorKind::usage, usage_,
                "unknown option " + in_quotes(e.get_option_name()) + suggestion(e.get_option_name(), names));
  } catch (const po::too_many_positional_options_error&) {
    const unsigned places = positional_.max_total_count();
    throw Error(ErrorKind::usage, usage_,
                "unexpected argument " + in_quotes(extra_argument(arguments, description_, places, style)) +
                    "; expected at most " + std::to_string(places) + " beside the options");
  } catch (const po::error& e) {
    throw Error(ErrorKind::usage, usage_, e.what());
  }
  if (values.count("help") != 0) {
    std::cout << summary_ << "\n\nusage: " << usage_ << "\n\n"
              << description_ << "\nexample:\n  " << example_ << "\n";
    return std::nullopt;
  }
  return values;
}

std::string required(const po::variables_map& values, const std::string& name, const std::string& what) {
  if (values.count(name) == 0) throw Error(ErrorKind::usage, "", "expected " + what + " (see --help)");
  return values[name].as<std::string>();
}

std::vector<std::string> texts(const po::variables_map& values, const std::string& name) {
  return values.count(name) != 0 ? values[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

}  // namespace heddle::app
