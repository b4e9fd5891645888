// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace heddle::app {

// A bar with percentage and estimated time on a terminal, sparse plain lines when piped, nothing when
// quiet. Writes to standard error only.
class Progress {
 public:
  Progress(std::string title, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::size_t done, std::size_t all, const std::string& item);

 private:
  using Time = std::chrono::steady_clock;
  void clear();

  std::string title_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Time::time_point start_ = Time::now();
  Time::time_point shown_ = start_;
};

}  // namespace heddle::app
