// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/config/json_document.h"

namespace heddle::app {

// The rows of `config::describe` for people.
void print_parameters(const config::Json& rows, const std::string& indent);

// Keys with their whole path ("memory.off_chip.kind"): rows as in `config::describe`, without children.
using Keys = std::vector<config::Json>;
void add_keys(Keys& keys, const config::Json& rows, const std::string& prefix);

// Whether a path goes with a pattern: one with `*`, `?` or `[` is a glob of the whole path or of its last
// part, any other a part of the path. Case is ignored.
bool matches(const std::string& pattern, const std::string& path);

// The keys that go with the pattern. Throws Error(usage) with the nearest keys of `name` where none does.
Keys matching(const Keys& keys, const std::string& pattern, const std::string& name);

}  // namespace heddle::app
