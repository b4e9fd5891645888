// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/config/json_document.h"

namespace heddle::config {

// A change of a configuration that an option makes: `--set path=value`.
struct Override {
  std::string shown;  // the place that messages name
  std::vector<std::string> keys;
  Json value;
};

// "parameters.tiles=4". The value is JSON, or a plain text when it is not. Throws Error(usage) where the path
// is missing or too long or the text is not UTF-8, Error(config) where a key occurs twice in the value or the
// value is nested too deep.
Override parse_override(const std::string& text);

// "--set path=value" as messages name it; a long value is cut.
std::string shown_override(const std::string& text);

// Throws Error(usage) where an override changes the top-level `key`, which `option` changes already.
void refuse_beside(const char* option, const std::string& key, std::span<const std::string> overrides);

// `error`, at the options that caused it. `attempt` does again what failed, with some of the overrides. The
// options are those without which it succeeds, else a smallest set with which it fails alike. The error stays
// as it is where it names an option already, where none of them is the cause, and where it is no error of an
// input.
Error at_the_options(const Error& error, std::span<const std::string> overrides,
                     const std::function<void(std::span<const std::string>)>& attempt);

}  // namespace heddle::config
