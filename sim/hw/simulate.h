// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heddle::hw {

// Runs the SystemC simulation until nothing is left to happen.
void simulate();

}  // namespace heddle::hw
