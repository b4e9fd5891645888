// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace heddle::trace {

// SHA-256 in lower-case hexadecimal.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace heddle::trace
