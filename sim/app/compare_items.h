// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/config/json_document.h"

namespace heddle::app {

// An argument of `heddle compare`: a result that was read, or a configuration to be run with its changes.
struct ComparedItem {
  std::string argument;
  std::optional<config::Json> result;
  std::vector<std::string> overrides;  // path=value
  std::vector<std::string> changes;    // the same as they were given: path=value or NAME:path=value
};

// Reads the results among the arguments, and gives each `--set` to the items that it changes. Throws
// Error(usage) where a change belongs to no configuration that is run.
std::vector<ComparedItem> compared_items(const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& changes);

// What a comparison says of changes that apply to several items at once; empty where there are none.
std::vector<std::string> notes_on_changes(const std::vector<ComparedItem>& items,
                                          const std::vector<std::string>& changes);

// An error of the item, which names the changes as they were given.
Error as_given(const Error& error, const ComparedItem& item);

}  // namespace heddle::app
