// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle {

// The kind of an error decides the program's exit code (docs/architecture.md): the user can correct usage,
// config, workload and io (2); check is a comparison that failed (1); internal is a fault of the program (3).
enum class ErrorKind { usage, config, workload, io, check, internal };

// The library's only exception. `where` is a place that the user knows: a file with line and column, a JSON
// path, a trace file or a layer, never a C++ location.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string where, const std::string& what);
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] int exit_code() const noexcept;

 private:
  ErrorKind kind_;
  std::string where_;
};

[[noreturn]] void fail_check(const char* expression, const char* file, int line, std::string_view message);

}  // namespace heddle

// Checks an invariant of the program in every build. Wrong user input is refused where it is read and never
// fails such a check.
#define HEDDLE_CHECK(condition, message) \
  ((condition) ? static_cast<void>(0) : ::heddle::fail_check(#condition, __FILE__, __LINE__, (message)))
