// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace heddle {

// The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours), case
// ignored; the first of equals. Empty when no candidate is near enough to be what the user meant.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

// " (did you mean 'x'?)", or a list of the legal names when none is near, or nothing when there are none.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

// The user's text as an error shows it: in quotes, bytes and characters that cannot be shown escaped, long
// texts cut.
std::string in_quotes(std::string_view text, std::size_t most = 80);

}  // namespace heddle
