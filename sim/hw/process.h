// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include <systemc>

namespace heddle::hw {

// SystemC turns an exception that leaves a process into a report and loses its type: keep it and stop.
// `catch (...)` would also swallow the kernel's own exception that ends processes.
class Failure {
 public:
  template <class Body>
  void guard(Body body) {
    try {
      body();
    } catch (const std::exception&) {
      // Others may fail before the simulation has stopped; the first one tells.
      if (failure_) return;
      failure_ = std::current_exception();
      sc_core::sc_stop();
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_;
};

}  // namespace heddle::hw
