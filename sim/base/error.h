// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle {

// What went wrong decides the exit code of the program (docs/architecture.md): usage, config, workload
// and io are the user's to mend (2), check is a comparison that failed (1), internal is ours (3).
enum class ErrorKind { usage, config, workload, io, check, internal };

// The one exception of the library. `where` speaks the user's language: a file with line and column, a
// JSON path, a trace file, a layer. Never a C++ location.
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

// Our own invariants, always on. User input never reaches one: it is refused where it is read.
#define HEDDLE_CHECK(condition, message) \
  ((condition) ? static_cast<void>(0) : ::heddle::fail_check(#condition, __FILE__, __LINE__, (message)))
