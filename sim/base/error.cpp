// SPDX-License-Identifier: Apache-2.0
#include "sim/base/error.h"

#include <utility>

namespace heddle {

Error::Error(ErrorKind kind, std::string where, const std::string& what)
    : std::runtime_error(where.empty() ? what : where + ": " + what), kind_(kind), where_(std::move(where)) {}

int Error::exit_code() const noexcept {
  switch (kind_) {
    case ErrorKind::check:
      return 1;
    case ErrorKind::internal:
      return 3;
    default:
      return 2;
  }
}

void fail_check(const char* expression, const char* file, int line, std::string_view message) {
  std::string_view name(file);
  if (const auto root = name.rfind("/sim/"); root != std::string_view::npos) name.remove_prefix(root + 1);
  if (const auto root = name.rfind("/models/"); root != std::string_view::npos) name.remove_prefix(root + 1);
  throw Error(ErrorKind::internal, std::string(name) + ":" + std::to_string(line),
              std::string(message) + " (" + expression + ")");
}

}  // namespace heddle
