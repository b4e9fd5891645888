// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heddle {

// A test compares it with the project version in CMakeLists.txt.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace heddle
