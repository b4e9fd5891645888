// SPDX-License-Identifier: Apache-2.0
#include "sim/base/nearest.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "sim/base/utf8.h"

namespace heddle {
namespace {

constexpr std::size_t kLongestName = 128;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Optimal string alignment distance, with three rows of the table kept.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string escaped(char c) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
}

// Control characters, and characters that take no place on a screen or look like a blank.
bool is_invisible(std::string_view character) {
  if (character.size() == 1) return character[0] < 0x20 || character[0] == 0x7f;
  if (character.size() == 2) return character >= "\xC2\x80" && character <= "\xC2\xA0";
  if (character.size() != 3) return false;
  const bool is_space_or_direction = character >= "\xE2\x80\x80" && character <= "\xE2\x80\x8F";
  const bool is_separator = character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAF";
  const bool is_joiner = character >= "\xE2\x81\xA0" && character <= "\xE2\x81\xAF";
  return is_space_or_direction || is_separator || is_joiner || character == "\xEF\xBB\xBF";
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > kLongestName) return {};
  const std::string wanted = lower(name);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, wanted.size() / 2) + 1;
  for (const auto& candidate : candidates) {
    const std::size_t d = distance(wanted, lower(candidate));
    if (d < best_distance && d < std::max(wanted.size(), candidate.size())) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  if (const std::string near = nearest_name(name, candidates); !near.empty())
    return " (did you mean '" + near + "'?)";
  if (candidates.empty()) return {};
  constexpr std::size_t kShown = 24;
  std::string list = " (legal: ";
  for (std::size_t i = 0; i < std::min(kShown, candidates.size()); ++i)
    list += (i == 0 ? "" : ", ") + candidates[i];
  return list + (candidates.size() > kShown ? ", ...)" : ")");
}

std::string in_quotes(std::string_view text, std::size_t most) {
  std::string out = "'";
  std::size_t shown = 0;
  while (shown < text.size() && shown < most) {
    const std::size_t length = utf8_sequence(text.substr(shown));
    const std::string_view character = text.substr(shown, std::max<std::size_t>(length, 1));
    if (length == 0 || is_invisible(character)) {
      for (const char c : character) out += escaped(c);
    } else {
      out += character;
    }
    shown += character.size();
  }
  return out + (shown < text.size() ? "...'" : "'");
}

}  // namespace heddle
