// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace heddle {

// Calls body(i) for i in [0, count) on all threads that the caller's ThreadLimit allows. Each call must write
// only what belongs to its index, so that the number of threads never changes a result. Rethrows the
// exception of the lowest index that failed.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

// While it exists, parallel_for and everything it calls use at most `threads` threads; 0: all processors.
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
