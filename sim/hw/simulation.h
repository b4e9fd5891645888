// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heddle::hw {

// Runs the SystemC simulation until nothing is left to happen.
void run_until_idle();

}  // namespace heddle::hw
