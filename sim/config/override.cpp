// SPDX-License-Identifier: Apache-2.0
#include "sim/config/override.h"

#include <algorithm>
#include <optional>

#include "sim/base/nearest.h"
#include "sim/base/utf8.h"

namespace heddle::config {
namespace {

constexpr std::size_t kMostKeys = 64;        // of a path
constexpr std::size_t kMostShown = 200;      // bytes of an option in a message
constexpr std::size_t kMostOverrides = 100;  // among which causes are searched

using Texts = std::vector<std::string>;

std::vector<std::string> keys_of(const std::string& path, const std::string& shown) {
  std::vector<std::string> out;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    out.push_back(path.substr(start, end - start));
    if (out.back().empty()) throw Error(ErrorKind::usage, shown, "a part of the path is empty");
    if (out.size() > kMostKeys)
      throw Error(ErrorKind::usage, shown, "the path has more than " + std::to_string(kMostKeys) + " parts");
    start = end + 1;
  }
  return out;
}

// How `attempt` fails with these overrides.
std::optional<std::string> failure(const Texts& overrides,
                                   const std::function<void(std::span<const std::string>)>& attempt) {
  try {
    attempt(overrides);
    return std::nullopt;
  } catch (const Error& e) {
    return e.what();
  }
}

Texts without(const Texts& all, std::size_t index) {
  Texts out = all;
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(index));
  return out;
}

}  // namespace

std::string shown_override(const std::string& text) {
  const std::string quoted = in_quotes(text, kMostShown);
  return "--set " + quoted.substr(1, quoted.size() - 2);
}

Override parse_override(const std::string& text) {
  Override out{shown_override(text), {}, nullptr};
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(ErrorKind::usage, out.shown, "expected path=value, for example parameters.tiles=4");
  if (!is_utf8(text)) throw Error(ErrorKind::usage, out.shown, "the text is not valid UTF-8");
  out.keys = keys_of(text.substr(0, equals), out.shown);
  const std::string value = text.substr(equals + 1);
  // Not JSON means a plain text: --set mapping.pallet=row needs no quotes within quotes.
  out.value = Json::accept(value) ? parse_json(value, out.shown).root : Json(value);
  return out;
}

void refuse_beside(const char* option, const std::string& key, std::span<const std::string> overrides) {
  for (const auto& text : overrides) {
    const Override change = parse_override(text);
    if (change.keys.size() == 1 && change.keys.front() == key)
      throw Error(ErrorKind::usage, option, change.shown + " changes the same key; expected one of the two");
  }
}

Error at_the_options(const Error& error, std::span<const std::string> overrides,
                     const std::function<void(std::span<const std::string>)>& attempt) {
  const Texts all(overrides.begin(), overrides.end());
  const bool is_of_input = error.kind() != ErrorKind::check && error.kind() != ErrorKind::internal;
  if (!is_of_input || error.where().starts_with("--") || all.empty() || all.size() > kMostOverrides)
    return error;
  const auto is_same = [&](const Texts& some) { return failure(some, attempt) == error.what(); };
  if (failure({}, attempt) || !is_same(all)) return error;
  Texts causes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!failure(without(all, i), attempt)) causes.push_back(all[i]);
  }
  if (causes.empty()) {
    causes = all;
    for (std::size_t i = causes.size(); i-- > 0;) {
      if (const Texts fewer = without(causes, i); is_same(fewer)) causes = fewer;
    }
  }
  std::string where;
  for (const auto& text : causes) where += (where.empty() ? "" : ", ") + shown_override(text);
  return {error.kind(), where, error.what()};
}

}  // namespace heddle::config
