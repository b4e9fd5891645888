// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/config/json_document.h"

namespace heddle::result {

// Checks a value against a schema of the kind that json.h makes: type, properties, required,
// additionalProperties, items, enum, const, anyOf, minimum, maximum, maxItems. Throws Error(config) that
// names `where`, the path of the first key that does not follow, and what was expected.
void check_against(const config::Json& value, const config::Json& schema, const std::string& where);

}  // namespace heddle::result
