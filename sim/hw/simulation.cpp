// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/simulation.h"

#include <systemc>

#ifdef __SANITIZE_ADDRESS__
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace heddle::hw {
namespace {

#ifdef __SANITIZE_ADDRESS__
// SystemC 2.3.4 tells the sanitizer of each switch to a process's stack, but on the way back it names a wrong
// stack for the main thread, and the next exception there would be reported as an overflow.
void name_own_stack() {
  pthread_attr_t attributes;
  void* bottom = nullptr;
  std::size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  pthread_attr_getstack(&attributes, &bottom, &bytes);
  pthread_attr_destroy(&attributes);
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, bottom, bytes);
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
}
#else
void name_own_stack() {}
#endif

}  // namespace

void run_until_idle() {
  // Failure stops the simulation and says why.
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_core::sc_start();
  name_own_stack();
}

}  // namespace heddle::hw
