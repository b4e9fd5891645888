// SPDX-License-Identifier: Apache-2.0
#include "sim/base/parallel.h"

#include <exception>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>

namespace heddle {

struct ThreadLimit::State {
  explicit State(std::size_t threads) : control(tbb::global_control::max_allowed_parallelism, threads) {}
  tbb::global_control control;
};

ThreadLimit::ThreadLimit(unsigned threads)
    : state_(new State(threads > 0 ? threads : static_cast<std::size_t>(tbb::info::default_concurrency()))) {}
ThreadLimit::~ThreadLimit() {
  delete state_;
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  if (count == 0) return;
  if (count == 1) {
    body(0);
    return;
  }
  std::vector<std::exception_ptr> failures(count);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    try {
      body(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  });
  // The reported failure must not depend on the order of the threads.
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace heddle
