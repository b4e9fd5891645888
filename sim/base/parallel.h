// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace heddle {

// Calls body(i) for i in [0, count), on all threads that the caller's limit allows. Each call writes only
// what belongs to its index, so the number of threads never changes a result. The first exception in
// index order is rethrown.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

// Limits parallel_for (and everything below it) to `threads` while it lives; 0: all processors.
class ThreadLimit {
 public:
  explicit ThreadLimit(unsigned threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  struct State;
  State* state_;
};

}  // namespace heddle
