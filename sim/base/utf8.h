// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace heddle {

// Bytes of the well-formed UTF-8 sequence at the text's start: 1 to 4, or 0 when there is none.
std::size_t utf8_sequence(std::string_view text);

bool is_utf8(std::string_view text);

// Without a byte order mark at its start.
std::string_view without_byte_order_mark(std::string_view text);

}  // namespace heddle
