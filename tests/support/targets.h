// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <hwy/targets.h>

namespace heddle::test {

// Runs `body` once for every instruction set that this processor offers, the plain one included, and restores
// the choice afterwards. All must give the same results.
template <class Body>
void for_each_target(Body body) {
  const auto supported = hwy::SupportedTargets();
  for (auto rest = supported; rest != 0; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    hwy::GetChosenTarget().Update(rest & -rest);
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace heddle::test
