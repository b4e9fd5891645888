// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heddle {

// Kept equal to CMakeLists.txt's project version by a test.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace heddle
